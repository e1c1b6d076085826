# en: A residual network (He et al., 2016) tells six shapes apart in color images of CIFAR's size.
# ja: 残差ネットワーク(He ほか、2016 年)で、CIFAR と同じ大きさのカラー画像から 6 種類の形を見分けます。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Layer, no_grad, test_mode
from pyconvlite.datasets import ArrayDataset
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam, OneCycleLR
from pyconvlite.transforms import Compose, RandomCrop, RandomHorizontalFlip

NAMES, EPOCHS = ["disc", "ring", "square", "frame", "cross", "bars"], 3
pyconvlite.seed(0)
rng = np.random.default_rng(0)


def drawn(n, transform=None):
    x, t = np.empty((n, 3, 32, 32), np.float32), np.arange(n) % len(NAMES)
    for i, kind in enumerate(t):
        radius = rng.uniform(7, 11)
        dy, dx = abs(np.mgrid[:32, :32] - rng.uniform(radius, 32 - radius, (2, 1, 1))) / radius
        far, wide = np.hypot(dy, dx), np.maximum(dy, dx)
        shapes = [far, abs(far - 0.7) + 0.7, wide, abs(wide - 0.7) + 0.7]
        shapes += [np.maximum(wide, np.minimum(dy, dx) + 0.7), np.maximum(wide, abs(dy - 0.7) + 0.7)]
        x[i] = rng.uniform(0, 0.5, (3, 1, 1)) + (shapes[kind] < 1) * rng.uniform(0.2, 0.5, (3, 1, 1))
    return ArrayDataset(x + rng.normal(0, 0.1, x.shape).astype(np.float32), t, transform)


class Block(Layer):
    def __init__(self, channels, stride):
        self.conv1, self.norm1 = L.Conv2d(channels, 3, stride, pad=1, nobias=True), L.BatchNorm()
        self.conv2, self.norm2 = L.Conv2d(channels, 3, pad=1, nobias=True), L.BatchNorm()
        self.shortcut = L.Conv2d(channels, 1, stride) if stride > 1 else lambda x: x

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


blocks = Block(16, 2), Block(16, 1), Block(32, 2), Block(64, 2)
model = Sequential(*blocks, L.GlobalAvgPool(), F.flatten, L.Linear(len(NAMES)))
train = DataLoader(drawn(1280, Compose([RandomHorizontalFlip(), RandomCrop(32, padding=2)])), 32)
optimizer = Adam(0.01).setup(model)
schedule = OneCycleLR(optimizer, EPOCHS * len(train))
for epoch in range(EPOCHS):
    for x, t in train:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads(), loss.backward(), optimizer.update(), schedule.step()
    print(f"epoch {epoch + 1}: loss {float(loss.data):.3f}")
test = drawn(300)
with no_grad(), test_mode():
    read = model(test.data).data.argmax(axis=1)
print(f"{(read == test.label).mean():.1%} of {len(test)} new images are right")
for i, picture in enumerate(test.data[:8].transpose(0, 2, 3, 1).clip(0, 1)):
    plt.subplot(2, 4, i + 1, title=NAMES[read[i]], xticks=[], yticks=[]).imshow(picture)
plt.show()
