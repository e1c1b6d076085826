# en: An autoencoder: convolutions reduce a digit to a code, deconvolutions reconstruct it.
# ja: オートエンコーダ: 畳み込みで数字を小さな符号に縮め、逆畳み込みで描き直します。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import no_grad
from pyconvlite.colors import signed
from pyconvlite.datasets import MNIST
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam

pyconvlite.seed(0)
images = MNIST().data[:4000] / np.float32(255)  # (4000, 1, 28, 28)
unseen = MNIST(train=False).data[:8] / np.float32(255)

# en: A stride of 2 halves the sides on the way to the code, and doubles them on the way back.
# ja: ストライド 2 で、符号化のときは縦横が半分に、復号のときは 2 倍になります。
encoder = Sequential(
    L.Conv2d(16, kernel_size=3, stride=2, pad=1),  # (16, 14, 14)
    F.relu,
    L.Conv2d(4, kernel_size=3, stride=2, pad=1),  # (4, 7, 7)
)
decoder = Sequential(
    L.Deconv2d(16, kernel_size=4, stride=2, pad=1),  # (16, 14, 14)
    F.relu,
    L.Deconv2d(1, kernel_size=4, stride=2, pad=1),  # (1, 28, 28)
)
model = Sequential(encoder, decoder)
print("numbers in an image:", images[0].size)
print("numbers in a code:", encoder(images[:1]).size)

optimizer = Adam(0.005).setup(model)
losses = []
for i in range(0, len(images), 32):
    x = images[i : i + 32]
    loss = F.mean_squared_error(model(x), x)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    losses.append(float(loss.data))
    if len(losses) % 25 == 0:
        print(f"step {len(losses)}: loss {losses[-1]:.1f}")

# en: Unseen digits and their reconstructions; below, those of codes halfway between two digits.
# ja: 学習に使っていない数字と、その符号から描き直したもの。下の段は、隣の数字と符号を半分ずつ混ぜた結果です。
with no_grad():
    code = encoder(unseen).data  # (8, 4, 7, 7)
    drawn = decoder(code).data
    mixed = decoder((code + np.roll(code, -1, axis=0)) / 2).data
print(f"off by {np.abs(drawn - unseen).mean():.3f} a pixel on average")

_, axes = plt.subplots(3, len(unseen), figsize=(8, 3.2))
for row, pictures in zip(axes, [unseen, drawn, mixed], strict=True):
    for axis, picture in zip(row, pictures, strict=True):
        axis.imshow(signed(picture[0], full=1))
        axis.axis("off")
plt.show()
