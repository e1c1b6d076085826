# en: Step 58: a VGG-style network learns to read digits.
# ja: ステップ 58: VGG 風のネットワークに手書き数字を学習させます。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import DataLoader, no_grad, test_mode
from pyconvlite.colors import signed
from pyconvlite.datasets import MNIST
from pyconvlite.models import SmallVGG, summary
from pyconvlite.optimizers import Adam
from pyconvlite.transforms import Compose, Normalize, ToFloat

pyconvlite.seed(0)


# en: The first images of MNIST, (1, 28, 28), with pixels from 0 to 1.
# ja: MNIST のはじめの n 枚です。形状は(1, 28, 28)、画素の値は 0 から 1 です。
def digits(n, train):
    mnist = MNIST(train, transform=Compose([ToFloat(), Normalize(0.0, 255.0)]))
    mnist.data, mnist.label = mnist.data[:n], mnist.label[:n]
    return mnist


# en: Pairs of 3 x 3 convolutions, then a pooling that halves the size while the channels double.
# ja: 3 x 3 の畳み込みを 2 回ずつ行い、プーリングで縦横を半分にして、チャンネル数を 2 倍にします。
model = SmallVGG()
print(summary(model, (1, 1, 28, 28)))

# en: Training on 2,500 images takes a few seconds; more images would improve the result.
# ja: 2,500 枚なら数秒で終わります。枚数を増やすと、もっとよくなります。
optimizer = Adam(0.002).setup(model)
losses = []
for x, t in DataLoader(digits(2500, train=True), 32, seed=0):
    loss = F.softmax_cross_entropy(model(x), t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    losses.append(float(loss.data))
    if len(losses) % 20 == 0:
        print(f"step {len(losses)}: loss {losses[-1]:.3f}")

# en: Unseen digits and their predicted classes, mistakes first.
# ja: 学習に使っていない数字と、予測したクラスです。間違えたものから順に並べます。
test = digits(500, train=False)
with no_grad(), test_mode():
    read = np.concatenate([model(x).data.argmax(axis=1) for x, _ in DataLoader(test, 100, shuffle=False)])
right = read == test.label
print(f"{right.mean():.1%} of {len(test)} digits are right")

figure, axes = plt.subplots(2, 8, figsize=(8, 2.5))
for axis, i in zip(axes.ravel(), np.argsort(right, stable=True), strict=False):
    axis.imshow(signed(test.data[i, 0]))
    axis.set_title(f"{read[i]}" if right[i] else f"{read[i]}, not {test.label[i]}", fontsize=8)
    axis.axis("off")
plt.show()
plt.plot(losses)
plt.xlabel("step")
plt.ylabel("loss")
plt.show()
