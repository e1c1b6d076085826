# en: Saliency: which pixels a network's answer depends on, by the gradient of its score.
# ja: 顕著性: ネットワークの答えがどの画素で決まるかを、スコアの勾配で調べます。
# en: Simonyan, Vedaldi, Zisserman, "Deep Inside Convolutional Networks" (2014).
# ja: Simonyan ほか「Deep Inside Convolutional Networks」(2014 年)。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import DataLoader, Variable, grad, test_mode
from pyconvlite.colors import signed
from pyconvlite.datasets import MNIST
from pyconvlite.models import LeNet
from pyconvlite.optimizers import Adam
from pyconvlite.transforms import Compose, Normalize, ToFloat

pyconvlite.seed(0)
mnist = MNIST(transform=Compose([ToFloat(), Normalize(0.0, 255.0)]))
mnist.data, mnist.label = mnist.data[:4000], mnist.label[:4000]

# en: First, train the network.
# ja: まずネットワークを学習させます。
model = LeNet()
optimizer = Adam(0.003).setup(model)
hits = []
for x, t in DataLoader(mnist, 32, seed=0):
    y = model(x)
    loss = F.softmax_cross_entropy(y, t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    hits.append(float(F.accuracy(y, t).data))
    if len(hits) % 25 == 0:
        print(f"step {len(hits)}: {np.mean(hits[-25:]):.1%} right")

# en: The score of each answer, differentiated by the image instead of the weights.
# ja: それぞれの答えのスコアを、重みではなく画像で微分します。
N, SHOWN, DARKENED = 200, 8, 40
test = MNIST(train=False, transform=mnist.transform)
x = Variable(np.stack([test[i][0] for i in range(N)]))  # (N, 1, 28, 28)
with test_mode():
    y = model(x)
answers = y.data.argmax(axis=1)
(gx,) = grad(F.sum(y[np.arange(N), answers]), x)
saliency = np.abs(gx.data)


# en: Does it mean anything? The score falls more if the most salient pixels of the stroke are darkened.
# ja: 意味があるか確かめます。線の画素のうち顕著性の高いものを消すと、スコアは大きく下がります。
def mean_score(order):
    darkened = x.data.reshape(N, -1).copy()
    np.put_along_axis(darkened, np.argsort(-order.reshape(N, -1))[:, :DARKENED], 0, axis=1)
    with test_mode():
        return model(darkened.reshape(x.shape)).data[np.arange(N), answers].mean()


lit = x.data > 0.5
print(f"mean score: {y.data[np.arange(N), answers].mean():.1f}")
print(f"{DARKENED} pixels darkened, any: {mean_score(lit * np.random.default_rng(0).random(x.shape)):.1f}")
print(f"{DARKENED} pixels darkened, the most salient: {mean_score(lit * saliency):.1f}")

# en: Below each digit, what more ink does to the score: blue pixels raise it, orange ones lower it.
# ja: 下の段は、線を濃くしたときのスコアの変化です。青い画素では上がり、橙の画素では下がります。
_, axes = plt.subplots(2, SHOWN, figsize=(8, 2.4))
for i, (above, below) in enumerate(axes.T):
    above.set_title(answers[i])
    above.imshow(signed(x.data[i, 0]))
    below.imshow(signed(gx.data[i, 0]))
    above.axis("off")
    below.axis("off")
plt.show()
