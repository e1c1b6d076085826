import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam


# en: an empty picture of 16 x 16 pixels
# ja: 16 x 16 画素の空の画像
def canvas():
    return np.zeros((16, 16))


def draw(picture, digit, top, left, lean=0):
    for row in range(7):
        start = left + round(lean * (3 - row) / 3)
        place = picture[top + row, start : start + 5]
        place[:] = np.maximum(place, glyphs[digit, row])


# en: with `each` digits, one above the other, at a slant, in noise
# ja: each 個の数字を縦に並べ、傾け、ノイズを加えた画像
def pictures(count, each, rng):
    x = np.zeros((count, 1, 16, 16))
    # en: what the network shall answer: the share of each digit
    # ja: ネットワークの正解: 各数字の割合
    t = np.zeros((count, 10))
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
# en: never trained on
# ja: 学習に使わない画像
held_out, answers = pictures(60, 1, rng)
answers = answers.argmax(axis=1)


# en: In float64: training magnifies the rounding of float32, which is not the same on each machine.
# ja: float64 を使用: 学習は float32 の丸め誤差を拡大し、その誤差は機種によって異なります。
def block(channels):
    return Sequential(L.Conv2d(channels, kernel_size=3, pad=1, dtype=np.float64), F.relu)


blocks = [block(8), block(32)]
pool = L.MaxPool(2, stride=2)
net = Sequential(blocks[0], pool, blocks[1], L.GlobalMaxPool(), F.flatten, L.Linear(10, dtype=np.float64))

# en: gives the layers their weights
# ja: ここで各層の重みが作られます
net(x[:1])
optimizer = Adam(0.02).setup(net)
# en: the weights before training, and after every 20 steps of it
# ja: 学習前と、20 ステップごとの重み
memory = []
for step in range(161):
    if step % 20 == 0:
        memory.append({name: p.data for name, p in net.named_params()})
    batch = rng.integers(len(x), size=40)
    loss = -F.sum(t[batch] * F.log_softmax(net(x[batch]))) / 40
    net.cleargrads()
    loss.backward()
    optimizer.update()


# en: the network as it was after `step` steps
# ja: step ステップ後のネットワークに戻します
def recall(step):
    for name, p in net.named_params():
        p.data = memory[step // 20][name].copy()
