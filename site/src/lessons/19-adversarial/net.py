import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Variable, grad, seed
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam

# en: strokes of two pixels
# ja: 線の太さは 2 画素
thick = np.kron(glyphs, np.ones((2, 2), np.float32))


# en: pictures of 0 to 9 in turn, anywhere, strong or weak, with some noise
# ja: 0 から 9 を順に描いた画像。位置と濃さはさまざまで、ノイズを含みます
def drawn(count, rng):
    labels = np.arange(count) % 10
    x = np.zeros((count, 1, 16, 16), np.float32)
    for picture, digit in zip(x[:, 0], labels, strict=True):
        row, column = rng.integers(3), rng.integers(7)
        picture[row : row + 14, column : column + 10] = rng.uniform(0.6, 1) * thick[digit]
    noise = rng.normal(0, 0.1, x.shape).astype(np.float32)
    return (x + noise).clip(0, 1), labels


# en: the gradient of the loss, pixel by pixel
# ja: 画素ごとの損失の勾配
def slopes(model, x, t):
    pixels = Variable(x)
    return grad(F.softmax_cross_entropy(model(pixels), t), pixels)[0].data


# en: trained on pictures, and on as many that a step of epsilon has moved up the loss
# ja: 画像と、損失が増える向きに epsilon 動かした同じ数の画像で学習
def trained(epsilon=0):
    seed(0)
    rng = np.random.default_rng(0)
    first = [L.Conv2d(8, kernel_size=3, pad=1), F.relu, L.MaxPool(2, 2)]
    second = [L.Conv2d(16, kernel_size=3, pad=1), F.relu, L.MaxPool(2, 2)]
    model = Sequential(*first, *second, F.flatten, L.Linear(10))
    optimizer = Adam(0.01).setup(model)
    for _ in range(100):
        x, t = drawn(40, rng)
        if epsilon:
            moved = x + epsilon * np.sign(slopes(model, x, t))
            x, t = np.concatenate([x, moved.clip(0, 1)]), np.tile(t, 2)
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    return model


model = trained()
# en: never trained on
# ja: 学習に使わない画像
pictures, labels = drawn(200, np.random.default_rng(1))
