# en: Fine-tuning: a network that has seen a million photographs learns new classes from a few pictures.
# ja: ファインチューニング: 100 万枚の写真で学習済みのネットワークに、少しの画像から新しいクラスを教えます。
import io
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import no_grad, project, test_mode
from pyconvlite.models import EfficientNetLite0
from pyconvlite.optimizers import Adam
from pyconvlite.transforms import ExifTranspose

# en: The site has this file. On your own machine, put it into a folder named weights.
# ja: このファイルはサイトにあります。自分のパソコンでは weights というフォルダに置いてください。
WEIGHTS = "weights/efficientnet-lite0.safetensors"
# en: For pictures of your own: the path of a folder with a folder for each class, or of a project (.zip).
# ja: 自分の画像を使うときは、クラスごとのフォルダが入ったフォルダか、プロジェクト (.zip) のパスを書きます。
SOURCE = ""
SIZE, N = 128, 18
pyconvlite.seed(0)
rng = np.random.default_rng(0)


# en: A ball with a pattern, of any size, rotation, color and brightness: the bytes of a PNG file.
# ja: 模様、大きさ、向き、色、明るさがさまざまなボールを描き、PNG ファイルのバイト列にします。
def drawn(kind):
    turn, period, radius = rng.uniform((0, 1.5, 25), (np.pi, 5, 60))
    y, x = np.mgrid[:SIZE, :SIZE]
    u, v = (np.sin((x * np.cos(a) + y * np.sin(a)) / period) for a in (turn, turn + np.pi / 2))
    pattern = {"stripes": u, "checks": u * v, "dots": u + v - 0.8}[kind] > 0
    row, column = rng.uniform(radius, SIZE - radius, 2)
    colors = rng.uniform(0, 256, (3, 3))
    colors[1] = (colors[0] + rng.uniform(80, 176, 3)) % 256
    pixels = colors[np.where(np.hypot(y - row, x - column) < radius, pattern, 2)]  # (SIZE, SIZE, 3)
    pixels = pixels * rng.uniform(0.3, 1) + rng.normal(0, 12, pixels.shape)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


if SOURCE.endswith(".zip"):
    classes = project.load(SOURCE).classes
elif SOURCE:
    folders = [path for path in sorted(Path(SOURCE).iterdir()) if path.is_dir() and path.name[0] != "."]
    files = {folder.name: sorted(folder.glob("[!.]*")) for folder in folders}
    classes = {name: [path.read_bytes() for path in paths] for name, paths in files.items()}
else:
    classes = {kind: [drawn(kind) for _ in range(N)] for kind in ("stripes", "checks", "dots")}
pictures = [ExifTranspose()(Image.open(io.BytesIO(data))) for each in classes.values() for data in each]
x = np.stack([EfficientNetLite0.preprocess(picture, SIZE) for picture in pictures])  # (N, 3, SIZE, SIZE)
t = np.repeat(np.arange(len(classes)), [len(each) for each in classes.values()])
held = np.arange(len(t)) % 3 == 0


# en: test_mode keeps the statistics of batch normalization, which a few pictures would spoil.
# ja: test_mode では、バッチ正規化の統計量が変わりません。少しの画像で更新すると、かえって悪くなります。
def outputs(model, x):
    with no_grad(), test_mode():
        return np.concatenate([model(x[i : i + 6]).data for i in range(0, len(x), 6)])


def train(model, x, t, steps, lr):
    optimizer = Adam(lr).setup(model)
    for _ in range(steps):
        i = rng.permutation(len(x))[:12]
        with test_mode():
            loss = F.softmax_cross_entropy(model(x[i]), t[i])
        model.cleargrads(), loss.backward(), optimizer.update()


def report(title, model, x):
    right = (outputs(model, x[held]).argmax(axis=1) == t[held]).sum()
    seconds = time.perf_counter() - start
    print(f"{title}: {right} of {held.sum()} held-out pictures are right, after {seconds:.1f} s")


# en: The features of each picture are computed once; a new head is trained on them in a moment.
# ja: 各画像の特徴は一度だけ計算します。その上の新しい分類層は、すぐに学習できます。
model = EfficientNetLite0(pretrained=WEIGHTS)
model.classifier = L.Linear(len(classes), in_size=1280)
start = time.perf_counter()
features = outputs(model.features, x)  # (N, 1280)
print(f"features of {len(x)} pictures: {time.perf_counter() - start:.1f} s")
start = time.perf_counter()
train(model.classifier, features[~held], t[~held], steps=100, lr=0.003)
report("head", model.classifier, features)

# en: Then the last block is trained as well, with a low learning rate.
# ja: 次に、最後のブロックも少しずつ学習させます。
start = time.perf_counter()
model.freeze()
model.unfreeze("blocks/15", "head", "classifier")
train(model, x[~held], t[~held], steps=12, lr=0.0001)
report("last block", model, x)

# en: Save the weights, which PyTorch and others read, and everything in one file, for SOURCE above.
# ja: 結果を保存します。重みのファイル(PyTorch などでも読めます)と、上の SOURCE にも使えるプロジェクトです。
model.save_weights("fine-tuned.safetensors")
project.save("fine-tuned.zip", classes, model=model, settings={"model": "EfficientNetLite0", "size": SIZE})
print(
    *(f"{path}: {Path(path).stat().st_size / 1e6:.1f} MB" for path in Path().glob("fine-tuned.*")), sep="\n"
)

y = outputs(model, x[held])
for place, (i, k) in enumerate(zip(np.flatnonzero(held), y.argmax(axis=1), strict=True)):
    if place < 18:
        plt.subplot(3, 6, place + 1, title=list(classes)[k], xticks=[], yticks=[]).imshow(pictures[i])
plt.show()
