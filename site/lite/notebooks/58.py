# %% [markdown] lang="en"
# # Step 58: a VGG network, trained here
#
# VGG became well known in 2014 for its simple design. All convolutions are 3 × 3 with padding 1, which keeps the size.
# After two or three of them, pooling halves the size, and the number of channels doubles, up to 512. Three linear layers follow.

# %% [markdown] lang="ja"
# # ステップ58 代表的なCNN(VGG)を学習させる
#
# VGGは2014年に有名になったネットワークで、作り方はとてもシンプルです。畳み込みはすべて3 × 3でパディング1なので、大きさは変わりません。2、3回畳み込むごとにプーリングで縦横を半分にし、そのかわりチャンネル数を2倍にします(512まで)。最後に全結合層が3つ続きます。

# %%
import sys

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from tqdm import tqdm

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import DataLoader, no_grad, test_mode
from pyconvlite.colors import signed
from pyconvlite.datasets import MNIST
from pyconvlite.models import VGG16, SmallVGG, summary
from pyconvlite.optimizers import Adam
from pyconvlite.transforms import Compose, Normalize, ToFloat

# %% [markdown] lang="en"
# ## VGG16
#
# The book loads VGG16 with weights learned from a million photographs: 138 million parameters. Here is its architecture for
# images of 32 × 32 pixels, which need fewer.

# %% [markdown] lang="ja"
# ## VGG16
#
# 本では、100万枚あまりの写真で学習済みのVGG16を読み込みます。その重みは1億3800万個にもなります。ここでは32 × 32の画像を入力したときの構造を見てみましょう(画像が小さいので、パラメータは少なくなります)。

# %%
summary(VGG16(), (1, 3, 32, 32))

# %% [markdown] lang="en"
# ## A small VGG
#
# `SmallVGG` has the same design with six convolutions and two linear layers. It is small enough to be trained in a browser.

# %% [markdown] lang="ja"
# ## 小さなVGG
#
# `SmallVGG`は、同じ作り方で畳み込み層を6つ、全結合層を2つにしたものです。これならブラウザの中で学習できます。

# %%
pyconvlite.seed(0)
model = SmallVGG()
summary(model, (1, 1, 28, 28))

# %% [markdown] lang="en"
# ## The data
#
# MNIST is a set of handwritten digits of 28 × 28 pixels, which this site provides. 3,000 images are enough for a start.
# Another 1,000 are for testing; they are not used in training.

# %% [markdown] lang="ja"
# ## データ
#
# MNISTは28 × 28画素の手書き数字です。データはこのサイトに置いてあります。まずは3,000枚で学習させてみましょう。テスト用の1,000枚は、学習には使いません。

# %%
pixels = Compose([ToFloat(), Normalize(0.0, 255.0)])
train, test = MNIST(True, pixels), MNIST(False, pixels)
train.data, train.label = train.data[:3000], train.label[:3000]
test.data, test.label = test.data[:1000], test.label[:1000]
train.show(row=4, col=16)

# %% [markdown] lang="en"
# ## Training
#
# The bar and the curves show the progress. (On a machine with two cores this takes about 15 seconds.)

# %% [markdown] lang="ja"
# ## 学習
#
# バーとグラフに進み具合が表示されます。(2コアのパソコンで15秒ほどかかります。)

# %%
EPOCHS, BATCH = 2, 32

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
(loss_curve,) = left.plot([], [])
(hit_curve,) = right.plot([], [])
left.set(xlabel="images", ylabel="loss", xlim=(0, EPOCHS * len(train)), ylim=(0, 2.5))
right.set(xlabel="images", ylabel="accuracy of the batch", xlim=(0, EPOCHS * len(train)), ylim=(0, 1))
picture = display(figure, display_id=True)
plt.close(figure)  # it is shown by the line above; no second time at the cell's end

optimizer = Adam().setup(model)
seen, losses, hits = [], [], []
with tqdm(total=EPOCHS * len(train), unit="image", file=sys.stdout, ncols=90) as bar:
    for _ in range(EPOCHS):
        for x, t in DataLoader(train, BATCH):
            y = model(x)
            loss = F.softmax_cross_entropy(y, t)
            model.cleargrads()
            loss.backward()
            optimizer.update()

            bar.update(len(t))
            seen.append(bar.n)
            losses.append(float(loss))
            hits.append(float(F.accuracy(y, t)))
            bar.set_postfix(loss=f"{losses[-1]:.3f}")
            if len(seen) % 8 == 0 or bar.n == bar.total:
                loss_curve.set_data(seen, losses)
                hit_curve.set_data(seen, hits)
                picture.update(figure)

# %% [markdown] lang="en"
# ## How good is it?
#
# The test uses images that the network has never seen.

# %% [markdown] lang="ja"
# ## どのくらい正しく読めるか
#
# 一度も見せていない画像で確かめます。

# %%
with no_grad(), test_mode():
    scores = np.concatenate([model(x).data for x, _ in DataLoader(test, 100, shuffle=False)])
answers = scores.argmax(axis=1)
print(f"{np.mean(answers == test.label):.1%} of {len(test)} test images")

# %% [markdown] lang="en"
# Some of its mistakes, each with the predicted class and, in brackets, the correct one:

# %% [markdown] lang="ja"
# 間違えた画像も見てみましょう。数字は予測したクラス、かっこの中が正解です。

# %%
wrong = np.flatnonzero(answers != test.label)[:12]
_, axes = plt.subplots(1, 12, figsize=(12, 1.6))
for axis in axes:
    axis.axis("off")
for axis, i in zip(axes, wrong, strict=False):
    axis.imshow(test.data[i, 0], cmap="gray")
    axis.set_title(f"{answers[i]} ({test.label[i]})")
plt.show()

# %% [markdown] lang="en"
# ## What has it learned?
#
# The kernels of the first layer, and the feature maps that they compute from a digit:

# %% [markdown] lang="ja"
# ## 何を学んだのか
#
# 最初の層のカーネルと、それがある数字から作る特徴マップです。

# %%
with no_grad(), test_mode():
    maps = F.relu(model.conv1_1(test[0][0][np.newaxis])).data[0]  # (16, 28, 28)

_, axes = plt.subplots(2, 16, figsize=(12, 1.8))
for kernel, feature_map, (upper, lower) in zip(model.conv1_1.W.data[:, 0], maps, axes.T, strict=True):
    upper.imshow(signed(kernel))
    lower.imshow(signed(feature_map))
    upper.axis("off")
    lower.axis("off")
plt.show()

# %% [markdown] lang="en"
# **Try it:** train again with 9,000 images (change the 3000 above, run the cell with `model = SmallVGG()`, then all cells from the data on). How do the curves
# change? How much accuracy does `SmallVGG` lose if you train only its last two layers?

# %% [markdown] lang="ja"
# **やってみよう:** 上の3000を9000に変え、`model = SmallVGG()`のセルを実行してから、データのセル以降をもう一度実行してみましょう。グラフはどう変わるでしょうか。最後の2層だけを学習させたら、正解率はどのくらい下がるでしょうか。
