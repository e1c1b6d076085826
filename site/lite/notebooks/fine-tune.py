# %% [markdown] lang="en"
# # Fine-tuning: your own pictures
#
# EfficientNet-Lite0 has learned a thousand classes from a million photographs. Here it learns new classes from a few
# pictures: first a new last layer, in less than a second, then the last block as well. Nothing leaves your machine.

# %% [markdown] lang="ja"
# # ファインチューニング: 自分の画像で学習させる
#
# EfficientNet-Lite0は、100万枚の写真から1000種類のクラスを学習したネットワークです。ここでは、少しの画像から新しいクラスを学習させます。まず新しい最後の層だけを1秒足らずで、次に最後のブロックも学習させます。画像が外に送られることはありません。

# %%
import tempfile
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

pyconvlite.seed(0)
rng = np.random.default_rng(0)

# %% [markdown] lang="en"
# ## The pictures
#
# The pictures of each class are in a folder of their own, and these folders are in one folder. This cell draws balls with
# three patterns. To use your own pictures, upload them (File → Open) and assign the name of their folder to `FOLDER`, such
# as `Path("my pictures")`.

# %% [markdown] lang="ja"
# ## 画像
#
# クラスごとのフォルダに画像を入れ、それらを1つのフォルダにまとめます。次のセルは、3種類の模様のボールを描きます。自分の画像を使うときは、アップロードして(File → Open)、`FOLDER`に`Path("my pictures")`のようにフォルダの名前を書いてください。

# %%
BALLS = Path(tempfile.gettempdir(), "balls")
FOLDER = BALLS
SIZE = 128  # pixels; 224 is what the network was trained with, and three times the work


def drawn(kind):
    """A ball with a pattern, of any size, turn and color, in any light."""
    turn, period, radius = rng.uniform((0, 1.5, 25), (np.pi, 5, 60))
    y, x = np.mgrid[:SIZE, :SIZE]
    u, v = (np.sin((x * np.cos(a) + y * np.sin(a)) / period) for a in (turn, turn + np.pi / 2))
    pattern = {"stripes": u, "checks": u * v, "dots": u + v - 0.8}[kind] > 0
    row, column = rng.uniform(radius, SIZE - radius, 2)
    colors = rng.uniform(0, 256, (3, 3))
    colors[1] = (colors[0] + rng.uniform(80, 176, 3)) % 256
    pixels = colors[np.where(np.hypot(y - row, x - column) < radius, pattern, 2)]
    pixels = pixels * rng.uniform(0.3, 1) + rng.normal(0, 12, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


if FOLDER == BALLS and not BALLS.exists():
    for kind in ("checks", "dots", "stripes"):
        (BALLS / kind).mkdir(parents=True)
        for i in range(18):
            drawn(kind).save(BALLS / kind / f"{i:02}.png")


folders = [path for path in sorted(FOLDER.iterdir()) if path.is_dir() and not path.name.startswith(".")]
paths = {folder.name: sorted(folder.glob("[!.]*")) for folder in folders}
classes = {name: [path.read_bytes() for path in files] for name, files in paths.items()}
pictures = [ExifTranspose()(Image.open(path)) for files in paths.values() for path in files]
names = list(classes)
t = np.repeat(np.arange(len(names)), [len(files) for files in classes.values()])
held = np.arange(len(t)) % 3 == 0  # not trained with, to test


def show(pictures, titles):
    plt.figure(figsize=(9, 5))
    for i, (picture, title) in enumerate(zip(pictures[:18], titles, strict=False)):
        plt.subplot(3, 6, i + 1, title=title, xticks=[], yticks=[]).imshow(picture)
    plt.show()


show(pictures[::3], [names[k] for k in t[::3]])

# %% [markdown] lang="en"
# ## The network, and its features
#
# `pretrained` names the weights. This site provides them under the same license as the network (Apache 2.0). On your own
# machine, give the path or the URL of that file.
#
# `preprocess` crops and scales a picture as the network expects. `features` computes 1280 numbers for each picture, from
# which the last layer predicts the class. They are computed once and kept.

# %% [markdown] lang="ja"
# ## ネットワークと特徴
#
# `pretrained`で重みを指定します。重みはこのサイトにあり、ネットワークと同じApache 2.0ライセンスです。自分のパソコンでは、このファイルのパスかURLを書きます。
#
# `preprocess`は、画像をネットワークに合わせて切り取り、拡大・縮小します。`features`は、画像ごとに1280個の特徴を求めます。最後の層は、この特徴からクラスを判定します。特徴は一度だけ計算して、とっておきます。

# %%
model = EfficientNetLite0(pretrained="weights/efficientnet-lite0.safetensors")


def outputs(model, x):
    with no_grad(), test_mode():
        return np.concatenate([model(x[i : i + 6]).data for i in range(0, len(x), 6)])


x = np.stack([model.preprocess(picture, SIZE) for picture in pictures])
start = time.perf_counter()
features = outputs(model.features, x)
print(f"{features.shape} features, {time.perf_counter() - start:.1f} s")

# %% [markdown] lang="en"
# ## A new head
#
# The last layer is replaced by one for these classes and trained on the features alone, which takes less than a second.

# %% [markdown] lang="ja"
# ## 新しい最後の層
#
# 最後の層を、このクラスの数に合わせた新しい層に取りかえます。とっておいた特徴だけを使うので、学習はすぐに終わります。


# %%
def train(model, x, t, steps, lr):
    optimizer = Adam(lr).setup(model)
    for _ in range(steps):
        i = rng.permutation(len(x))[:12]
        with test_mode():
            loss = F.softmax_cross_entropy(model(x[i]), t[i])
        model.cleargrads()
        loss.backward()
        optimizer.update()


def report(answers):
    print(f"{(answers == t[held]).sum()} of {held.sum()} held-out pictures are right")


model.classifier = L.Linear(len(names), in_size=1280)
start = time.perf_counter()
train(model.classifier, features[~held], t[~held], steps=100, lr=0.003)
print(f"head: {time.perf_counter() - start:.2f} s")
report(outputs(model.classifier, features[held]).argmax(axis=1))

# %% [markdown] lang="en"
# ## The last block
#
# Everything is frozen except the last block, the layers after it, and the new layer. `test_mode` keeps the statistics of
# batch normalization: those of a million pictures are better than those of a few.

# %% [markdown] lang="ja"
# ## 最後のブロック
#
# 最後のブロックとそれより後ろの層だけを学習し、ほかは`freeze`で固定します。`test_mode`では、バッチ正規化の統計量も変わりません。100万枚の写真から求めた値を、少しの画像で書きかえないためです。

# %%
model.freeze()
model.unfreeze("blocks/15", "head", "classifier")
start = time.perf_counter()
train(model, x[~held], t[~held], steps=12, lr=0.0001)
print(f"last block: {time.perf_counter() - start:.1f} s")
answers = outputs(model, x[held]).argmax(axis=1)
report(answers)
show(
    [picture for picture, is_held in zip(pictures, held, strict=True) if is_held], [names[k] for k in answers]
)

# %% [markdown] lang="en"
# ## Take it with you
#
# Save the weights in the safetensors format, which PyTorch and others read, or save everything in one file: pictures,
# classes, weights and settings. Both files are next to this notebook: find them with File → Open, and download them there.

# %% [markdown] lang="ja"
# ## 結果を持ち帰る
#
# 重みは、PyTorchなどでも読めるsafetensors形式で保存できます。画像、クラス、重み、設定を1つのファイルにまとめて保存することもできます。どちらもこのノートブックと同じ場所に置かれ、File → Openからダウンロードできます。

# %%
model.save_weights("fine-tuned.safetensors")
project.save("fine-tuned.zip", classes, model=model, settings={"size": SIZE})

again = project.load("fine-tuned.zip")
loaded = EfficientNetLite0(len(again.classes))
again.load_weights(loaded)
print("the same answers:", np.array_equal(outputs(loaded, x[held]).argmax(axis=1), answers))
