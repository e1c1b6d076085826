import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam


def canvas():  # of 16 x 16 pixels
    return np.zeros((16, 16))


def draw(picture, digit, top, left, lean=0):
    for row in range(7):
        start = left + round(lean * (3 - row) / 3)
        place = picture[top + row, start : start + 5]
        place[:] = np.maximum(place, glyphs[digit, row])


def pictures(count, each, rng):  # with so many digits each, one above the other, at a slant, in noise
    x = np.zeros((count, 1, 16, 16))
    t = np.zeros((count, 10))  # what the network shall answer: the share of each digit
    for picture, share in zip(x[:, 0], t, strict=True):
        for place in range(each):
            digit = rng.integers(10)
            top = 8 * place + rng.integers(10 if each == 1 else 2)
            draw(picture, digit, top, rng.integers(1, 11), rng.integers(-1, 2))
            share[digit] += 1 / each
    noise = rng.normal(0, 0.15, x.shape)
    return (x + noise).clip(0, 1), t


pyconvlite.seed(0)
rng = np.random.default_rng(0)
x, t = pictures(1500, 2, rng)
held_out, answers = pictures(60, 1, rng)  # never trained on
answers = answers.argmax(axis=1)


# In float64: training magnifies the rounding of float32, which is not the same on each machine.
def block(channels):
    return Sequential(L.Conv2d(channels, kernel_size=3, pad=1, dtype=np.float64), F.relu)


blocks = [block(8), block(32)]
pool = L.MaxPool(2, stride=2)
net = Sequential(blocks[0], pool, blocks[1], L.GlobalMaxPool(), F.flatten, L.Linear(10, dtype=np.float64))

net(x[:1])  # gives the layers their weights
optimizer = Adam(0.02).setup(net)
memory = []  # the weights before training, and after every 20 steps of it
for step in range(161):
    if step % 20 == 0:
        memory.append({name: p.data for name, p in net.named_params()})
    batch = rng.integers(len(x), size=40)
    loss = -F.sum(t[batch] * F.log_softmax(net(x[batch]))) / 40
    net.cleargrads()
    loss.backward()
    optimizer.update()


def recall(step):  # the network as it was after so many steps
    for name, p in net.named_params():
        p.data = memory[step // 20][name].copy()
