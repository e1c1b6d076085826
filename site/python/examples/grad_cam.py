# en: Grad-CAM (Selvaraju et al., 2017): which part of an image is a network's answer based on?
# ja: Grad-CAM(Selvaraju ほか、2017 年): ネットワークは画像のどこを見て答えたのでしょうか。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, colors, grad, test_mode
from pyconvlite.datasets import ArrayDataset
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam, OneCycleLR

pyconvlite.seed(0)
rng = np.random.default_rng(0)


def drawn(n):
    x, t = rng.normal(0, 0.1, (n, 1, 32, 32)).astype(np.float32), np.arange(n) % 3
    inside = np.empty((n, 32, 32), bool)
    for i, kind in enumerate(t):
        for row, column, height, width in rng.integers((0, 0, 1, 1), (28, 28, 5, 5), (6, 4)):
            x[i, 0, row : row + height, column : column + width] += 0.7
        dy, dx = abs(np.mgrid[:32, :32] - rng.uniform(6, 25, (2, 1, 1)))
        cross = np.maximum(np.maximum(dy, dx), np.minimum(dy, dx) + 3.5)
        inside[i] = [np.hypot(dy, dx), np.maximum(dy, dx), cross][kind] < 5.5
        x[i, 0, inside[i]] = 0.7
    return x, t, inside


def conv(channels, stride=1):
    return L.Conv2d(channels, 3, stride, pad=1, nobias=True), L.BatchNorm(), F.relu


last = Sequential(*conv(32))
model = Sequential(*conv(16, 2), *conv(32), last, L.GlobalAvgPool(), F.flatten, L.Linear(3))
train = DataLoader(ArrayDataset(*drawn(1600)[:2]), 32)
optimizer = Adam(0.01).setup(model)
schedule = OneCycleLR(optimizer, 3 * len(train))
for epoch in range(3):
    for x, t in train:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads(), loss.backward(), optimizer.update(), schedule.step()
    print(f"epoch {epoch + 1}: loss {float(loss.data):.3f}")
# en: A hook keeps the last features; the gradient of a score gives the weight of each channel.
# ja: フックで最後の特徴を取り出します。スコアの勾配から、各チャンネルの重要度がわかります。
x, t, inside = drawn(200)
kept, rows = [], np.arange(len(x))
with test_mode(), last.register_forward_hook(lambda layer, inputs, y: kept.append(y)):
    scores = model(x)
answers = scores.data.argmax(axis=1)
(slope,) = grad(F.sum(scores[rows, answers]), kept[0])
cam = np.maximum(np.sum(slope.data.mean(axis=(2, 3), keepdims=True) * kept[0].data, axis=1), 0)
cam = (cam / (cam.max(axis=(1, 2), keepdims=True) + 1e-9)).repeat(2, axis=1).repeat(2, axis=2)
on_object = inside.reshape(len(x), -1)[rows, cam.reshape(len(x), -1).argmax(axis=1)]
print(f"answers that are right: {np.mean(answers == t):.1%}, peaks on the object: {on_object.mean():.1%}")
picture = colors.signed(np.vstack([np.hstack(x[:8, 0]), np.hstack(cam[:8])]), full=1)
plt.imshow(picture), plt.axis("off"), plt.title("images, and what decided"), plt.show()
