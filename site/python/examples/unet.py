# en: U-Net (Ronneberger et al., 2015): which pixels belong to a disc, and which to a square?
# ja: U-Net(Ronneberger ほか、2015 年): 円の画素と四角の画素を見分けます。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Model, colors, no_grad, test_mode
from pyconvlite.datasets import ArrayDataset
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam, OneCycleLR

pyconvlite.seed(0)
rng = np.random.default_rng(0)


def drawn(n):
    x, t = np.zeros((n, 1, 32, 32), np.float32), np.zeros((n, 32, 32), int)
    for i, cell in [(i, cell) for i in range(n) for cell in rng.permutation(4)[:3]]:
        kind, radius = rng.integers(1, 3), rng.uniform(4, 7)
        center = 7.5 + 16 * np.reshape(divmod(cell, 2), (2, 1, 1)) + rng.uniform(-1, 1, (2, 1, 1))
        dy, dx = abs(np.mgrid[:32, :32] - center)
        inside = (np.hypot(dy, dx) if kind == 1 else np.maximum(dy, dx)) < radius
        x[i, 0, inside], t[i, inside] = rng.uniform(0.5, 1), kind
    return ArrayDataset(x + rng.normal(0, 0.2, x.shape).astype(np.float32), t)


# en: A level contains the next, which works at half the size, and joins its output to its own input.
# ja: 各段は次の段を含みます。次の段は半分の大きさで計算し、その結果を元の特徴につなげます。
class Level(Model):
    def __init__(self, channels, *deeper):
        self.before, self.after = L.Conv2d(channels, 3, pad=1), L.Conv2d(channels, 3, pad=1)
        self.norms = [L.BatchNorm(), L.BatchNorm()]
        self.inside = Level(*deeper) if deeper else None

    def forward(self, x):
        x = F.relu(self.norms[0](self.before(x)))
        if self.inside:
            x = F.concat([x, F.upsample(self.inside(F.pooling(x, 2, 2)), 2)], axis=1)
        return F.relu(self.norms[1](self.after(x)))


model, train, test = Sequential(Level(8, 16, 32), L.Conv2d(3, 1)), DataLoader(drawn(640), 16), drawn(100)
optimizer = Adam(0.01).setup(model)
schedule = OneCycleLR(optimizer, 3 * len(train))
for epoch in range(3):
    for x, t in train:
        loss = F.softmax_cross_entropy(F.transpose(model(x), (0, 2, 3, 1)).reshape(-1, 3), t.ravel())
        model.cleargrads(), loss.backward(), optimizer.update(), schedule.step()
    print(f"epoch {epoch + 1}: loss {float(loss.data):.3f}")
with no_grad(), test_mode():
    found = model(test.data).data.argmax(axis=1)
for kind, name in enumerate(["disc", "square"], start=1):
    a, b = found == kind, test.label == kind
    print(f"IoU of a {name}: {(a & b).sum() / (a | b).sum():.3f}")
signs = np.array([0, 1, -1])[np.stack([test.label[:8], found[:8]])]  # (2, 8, 32, 32)
picture = colors.signed(np.vstack([np.hstack(each) for each in (test.data[:8, 0], *signs)]), full=1)
plt.imshow(picture), plt.axis("off"), plt.title("images, their classes, the answers"), plt.show()
