import numpy as np

import pyconvlite.functions as F
from pyconvlite import Parameter
from pyconvlite.optimizers import Adam

rng = np.random.default_rng(0)
# en: one picture of each, in the middle
# ja: 各数字 1 枚、中央に配置
digits = np.zeros((10, 11, 11))
digits[:, 2:9, 3:8] = font.reshape(10, 7, 5)
labels = np.arange(10)


def shifted(picture, down, right):
    return np.pad(picture, 3)[3 - down : 14 - down, 3 - right : 14 - right]


# en: the digits moved by up to `by` pixels each way, and with noise
# ja: 各数字を上下左右に最大 by 画素ずらし、ノイズを加えたもの
def moved(by):
    pictures = [shifted(d, *rng.integers(-by, by + 1, 2)) for d in digits]
    return np.array(pictures) + 0.1 * rng.standard_normal(digits.shape)


W1 = Parameter(rng.standard_normal((121, 32)) / 11)
W2 = Parameter(rng.standard_normal((32, 10)) / 32**0.5)
optimizer = Adam(0.02)


def net(pictures):
    h = F.relu(F.linear(pictures.reshape(-1, 121), W1))
    return F.linear(h, W2)


# en: how many are right, in per cent
# ja: 正解率(%)
def right(pictures, answers):
    return 100 * np.mean(net(pictures).data.argmax(axis=1) == answers)


tests = np.concatenate([moved(2) for _ in range(10)])
seen, unseen = [], []
for step in range(120):
    batch = np.concatenate([moved(by) for _ in range(3)])
    loss = F.softmax_cross_entropy(net(batch), np.tile(labels, 3))
    for W in (W1, W2):
        W.cleargrad()
    loss.backward()
    for W in (W1, W2):
        optimizer.update_one(W)
    if step % 5 == 0:
        seen.append(right(digits, labels))
        unseen.append(right(tests, np.tile(labels, 10)))

# en: five of each side by side, to be looked at
# ja: 見るために 5 枚ずつ横に並べたもの
trained = np.hstack(moved(by)[:5])
tested = np.hstack(tests[:5])
