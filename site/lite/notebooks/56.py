# %% [markdown] lang="en"
# # Step 56: how a CNN works (2)
#
# Step 55 had one image of one channel. This step adds channels, several kernels and mini-batches: more axes, but no new
# idea. Then it turns to **pooling**, the other layer that makes a network a CNN.

# %% [markdown] lang="ja"
# # ステップ56 CNNのしくみ(2)
#
# ステップ55では、1チャンネルの画像を1枚だけ扱いました。ここではチャンネル、複数のカーネル、ミニバッチへと広げます。軸は増えますが、計算の考え方は変わりません。そのあと、CNNを特徴づけるもう1つの層、**プーリング層**を見ていきます。

# %%
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite.functions as F
from pyconvlite.colors import signed

rng = np.random.default_rng(0)

# %% [markdown] lang="en"
# ## 56.1 Channels
#
# A color image has three channels, red, green and blue: an array of shape (C, H, W) = (3, H, W).

# %% [markdown] lang="ja"
# ## 56.1 チャンネル(3階テンソル)
#
# カラー画像には赤・緑・青の3つのチャンネルがあり、(C, H, W) = (3, H, W)という形状の配列になります。

# %%
rows, columns = np.mgrid[0:32, 0:32]
discs = [(rows - r) ** 2 + (columns - c) ** 2 < 80 for r, c in ((12, 16), (20, 11), (20, 21))]
image = np.stack(discs).astype(float)  # (C, H, W)

_, axes = plt.subplots(1, 4, figsize=(10, 2.8))
for axis, picture, name in zip(axes, [image.transpose(1, 2, 0), *image], ["image", *"RGB"], strict=True):
    axis.imshow(picture, cmap="gray")
    axis.set(title=name, xticks=[], yticks=[])
plt.show()

# %% [markdown] lang="en"
# The kernel has as many channels as the input. These are not three kernels but **one** block, which moves as a whole, down
# and across. All its products go into one sum, so the output has **one** channel.

# %% [markdown] lang="ja"
# カーネルのチャンネル数は入力に合わせます。ここで注意したいのは、カーネルが3枚あるわけではないことです。奥行きのある**1つ**のブロックとして、全体が縦と横に動きます。積はすべて1つの和にまとめられるので、出力のチャンネルは**1つ**です。

# %%
kernel = rng.standard_normal((3, 5, 5))  # (C, KH, KW)
y = F.conv2d(image.reshape(1, 3, 32, 32), kernel.reshape(1, 3, 5, 5))
by_channel = [F.conv2d(image[c].reshape(1, 1, 32, 32), kernel[c].reshape(1, 1, 5, 5)).data for c in range(3)]
print(y.shape)
print("the sum over the channels:", np.allclose(y.data, sum(by_channel)))

# %% [markdown] lang="en"
# ## 56.2 Several kernels
#
# One kernel finds one kind of feature. To find more, a layer has *OC* kernels, each a block of its own: the weights have
# the shape (OC, C, KH, KW), and the output has *OC* channels, also called **feature maps**. Each output channel has one
# bias.

# %% [markdown] lang="ja"
# ## 56.2 複数のカーネル(ブロックで考える)
#
# 1つのカーネルが見つけるのは1種類の特徴です。いろいろな特徴を見つけるには、*OC*個のカーネルを用意します。それぞれが独立したブロックなので、重みの形状は(OC, C, KH, KW)になり、出力のチャンネル数は*OC*になります。この1枚1枚を**特徴マップ**と呼びます。バイアスは出力のチャンネルごとに1つずつです。

# %%
W = rng.standard_normal((4, 3, 5, 5))  # (OC, C, KH, KW)
b = np.array([0.0, 10.0, 20.0, 30.0])  # (OC,)
without = F.conv2d(image.reshape(1, 3, 32, 32), W)
with_bias = F.conv2d(image.reshape(1, 3, 32, 32), W, b)
print(with_bias.shape)
print("added by the bias, by channel:", (with_bias - without).data.mean(axis=(0, 2, 3)))

_, axes = plt.subplots(1, 4, figsize=(10, 2.8))
for axis, feature_map in zip(axes, without.data[0], strict=True):
    axis.imshow(signed(feature_map))
    axis.set(xticks=[], yticks=[])
plt.show()

# %% [markdown] lang="en"
# ## 56.3 Mini-batches
#
# Training processes several images at a time. That adds an axis in front, N, and changes nothing else: each image of the
# batch is computed as if it were alone.

# %% [markdown] lang="ja"
# ## 56.3 ミニバッチ処理
#
# 学習では、複数の画像をまとめて計算します。先頭に画像の枚数を表す軸Nが加わるだけで、ほかは何も変わりません。それぞれの画像は、1枚だけで計算したときと同じ結果になります。

# %%
batch = rng.random((10, 3, 32, 32))  # (N, C, H, W)
y = F.conv2d(batch, W, b)
alone = F.conv2d(batch[7:8], W, b)
print(y.shape)
print("the eighth image, in the batch and alone:", np.allclose(y.data[7], alone.data[0]))

# %% [markdown] lang="en"
# ## 56.4 Pooling
#
# Pooling reduces height and width. That saves computation and makes the network less sensitive to the exact position of a
# feature. A window, usually 2 × 2, moves by its own size. **Max pooling** takes the largest number in it, **average
# pooling** the mean. CNNs for images mostly use max pooling.

# %% [markdown] lang="ja"
# ## 56.4 プーリング層
#
# プーリングは、縦と横の大きさを小さくする処理です。計算量が減り、特徴の細かい位置の違いにも左右されにくくなります。多くの場合は2 × 2の窓を、窓と同じ幅ずつ動かします。窓の中の最大値を取るのが**最大値プーリング**、平均を取るのが**平均プーリング**です。画像認識では、主に最大値プーリングが使われます。

# %%
x = np.array([[1, 2, 0, 1], [3, 0, 2, 4], [1, 0, 3, 2], [4, 2, 0, 1]], dtype=float).reshape(1, 1, 4, 4)
print(F.pooling(x, kernel_size=2, stride=2).data[0, 0])
print(F.average_pooling(x, kernel_size=2, stride=2).data[0, 0])

# %% [markdown] lang="en"
# Pooling has three properties:
#
# - **Nothing is learned:** pooling has no weights.
# - **Each channel is pooled by itself**, so the number of channels does not change.
# - **A small shift changes little.** Here is an image of stars, shifted right by one pixel:

# %% [markdown] lang="ja"
# プーリング層には3つの特徴があります。
#
# - **学習するパラメータがない。** 最大値を取るだけなので、重みがありません。
# - **チャンネルごとに独立して計算する。** そのため、チャンネル数は変わりません。
# - **小さなずれの影響を受けにくい。** 星空のような画像を右に1画素ずらして、確かめてみましょう。

# %%
stars = (rng.random((1, 1, 32, 32)) < 0.03).astype(float)
moved = np.roll(stars, 1, axis=3)
pooled, pooled_moved = F.pooling(stars, 4, 4).data, F.pooling(moved, 4, 4).data
print(f"stars that are no longer where they were: {np.mean(moved[stars == 1] == 0):.0%}")
print(f"after max pooling: {np.mean(pooled_moved[pooled == 1] == 0):.0%}")

_, axes = plt.subplots(1, 4, figsize=(10, 2.8))
pictures = {"image": stars, "moved": moved, "pooled": pooled, "moved, pooled": pooled_moved}
for axis, (name, picture) in zip(axes, pictures.items(), strict=True):
    axis.imshow(picture[0, 0], cmap="gray")
    axis.set(title=name, xticks=[], yticks=[])
plt.show()

# %% [markdown] lang="en"
# **Try it:** what changes with a 2 × 2 window? With a shift of four pixels? And what happens to the output of a
# convolution when its input shifts by one?

# %% [markdown] lang="ja"
# **やってみよう:** 窓を2 × 2にするとどうなるでしょうか。画像を4画素ずらしたらどうでしょうか。また、入力を1画素ずらすと、畳み込みの出力はどうなるでしょうか。
