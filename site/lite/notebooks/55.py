# %% [markdown] lang="en"
# # Step 55: how a CNN works (1)
#
# A convolutional network is built from layers like any other network. Two kinds of layer are new: **convolution** and
# **pooling**. This notebook is about the first: what a convolution computes, and how large its output is.
#
# Run a cell with Shift+Enter. Every number is computed here, so change any of them and run the cell again.

# %% [markdown] lang="ja"
# # ステップ55 CNNのしくみ(1)
#
# CNN(畳み込みニューラルネットワーク)も、これまでと同じように層を積み重ねて作ります。新しく登場するのは**畳み込み層**と**プーリング層**の2つだけです。このノートブックでは畳み込みが何を計算しているのか、出力の大きさがどう決まるのかを見ていきます。
#
# セルはShift+Enterで実行できます。数値はすべてその場で計算しているので、自由に書き換えて、もう一度実行してみてください。

# %%
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite.functions as F
from pyconvlite.colors import signed
from pyconvlite.models import LeNet, summary
from pyconvlite.utils import get_conv_outsize

# %% [markdown] lang="en"
# ## 55.1 The layers of a CNN
#
# LeNet is one of the oldest CNNs. Its input is an image of one channel and 28 × 28 pixels. Each convolution increases the
# number of channels, and the pooling after it halves height and width (pooling has no parameters, so the table leaves it
# out). At the end three linear layers turn the features into ten scores, one for each digit.

# %% [markdown] lang="ja"
# ## 55.1 CNNのネットワーク構造
#
# LeNetは最も古いCNNの1つです。入力は1チャンネル、28 × 28画素の画像です。畳み込み層を通るたびにチャンネルが増え、そのあとのプーリング層で縦と横がそれぞれ半分になります(プーリング層にはパラメータがないため、下の表には出てきません)。最後に3つの全結合層を通り、10種類の数字それぞれのスコアになります。

# %%
summary(LeNet(), (1, 1, 28, 28))

# %% [markdown] lang="en"
# ## 55.2 The convolution
#
# Lay a small array of weights, the **kernel**, over a corner of the input. Multiply each number by the weight on top of
# it, and add up the products: that is one number of the output. Then move the kernel by one pixel and repeat. (Some books
# call a kernel a *filter*.) In the figures, blue is positive, orange is negative, and zero is the background.

# %% [markdown] lang="ja"
# ## 55.2 畳み込み演算
#
# **カーネル**と呼ばれる小さな重みの配列を、入力の左上に重ねます。重なった数どうしを掛け、その積をすべて足すと、出力の1つの数になります。そのあと、カーネルを1マスずらして同じことをくり返します。(カーネルを「フィルタ」と呼ぶ本もありますが、同じものです。)図の青は正の数、橙色は負の数で、0は背景の色です。

# %%
x = np.array([[4, 1, 0, 2], [3, 2, 1, 1], [1, 0, 2, 3], [2, 1, 0, 1]], dtype=float)
kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], dtype=float)


def show(**arrays):
    """Draw matrices side by side, with their numbers."""
    _, axes = plt.subplots(1, len(arrays), figsize=(2.6 * len(arrays), 2.8))
    for axis, (name, array) in zip(np.atleast_1d(axes), arrays.items(), strict=True):
        axis.imshow(signed(array, full=8))
        for (i, j), number in np.ndenumerate(array):
            axis.text(j, i, f"{number + 0:g}", ha="center", va="center")
        axis.set(title=name, xticks=[], yticks=[])
    plt.show()


window = x[0:3, 0:3]
show(window=window, kernel=kernel, products=window * kernel)
print("sum:", (window * kernel).sum())

# %% [markdown] lang="en"
# Two loops complete the convolution. `F.conv2d` computes the same for many images and many channels at once, so its
# arrays have four axes: (N, C, H, W) for the input and (OC, C, KH, KW) for the kernels.

# %% [markdown] lang="ja"
# これを2重のループにすれば、畳み込みの完成です。`F.conv2d`も同じ計算をします。ただし、たくさんの画像とチャンネルを一度に扱うため、配列は4次元です。入力は(N, C, H, W)、カーネルは(OC, C, KH, KW)という形状です。


# %%
def convolve(x, kernel):
    KH, KW = kernel.shape
    OH, OW = x.shape[0] - KH + 1, x.shape[1] - KW + 1
    y = np.zeros((OH, OW))
    for i in range(OH):
        for j in range(OW):
            y[i, j] = (x[i : i + KH, j : j + KW] * kernel).sum()
    return y


y = F.conv2d(x.reshape(1, 1, 4, 4), kernel.reshape(1, 1, 3, 3))
show(x=x, kernel=kernel, y=y.data[0, 0])
print("the same as by loops:", np.array_equal(y.data[0, 0], convolve(x, kernel)))

# %% [markdown] lang="en"
# What is it good for? This kernel subtracts the values on the right from those on the left, so it responds strongly to a
# vertical edge: it finds a *feature*. A CNN learns its kernels from data.

# %% [markdown] lang="ja"
# 何の役に立つのでしょうか。このカーネルは左側の値から右側の値を引くので、画像に縦の縁があるところで大きな値を返します。つまり、カーネルが画像の「特徴」を見つけたのです。CNNは、こうしたカーネルを学習によって自分で獲得します。

# %%
rows, columns = np.mgrid[0:40, 0:40]
image = ((rows - 20) ** 2 + (columns - 20) ** 2 < 150).astype(float)
upright = F.conv2d(image.reshape(1, 1, 40, 40), kernel.reshape(1, 1, 3, 3)).data[0, 0]
level = F.conv2d(image.reshape(1, 1, 40, 40), kernel.T.reshape(1, 1, 3, 3)).data[0, 0]

_, axes = plt.subplots(1, 3, figsize=(9, 3))
for axis, picture, name in zip(
    axes, (image, signed(upright), signed(level)), ("image", "kernel", "kernel.T"), strict=True
):
    axis.imshow(picture, cmap="gray")
    axis.set(title=name, xticks=[], yticks=[])
plt.show()

# %% [markdown] lang="en"
# **One, two or three dimensions?** The dimension is the number of directions in which the kernel *moves*. Over sound it moves
# along time only: a one-dimensional convolution. Over an image it moves down and across: two-dimensional, even though a
# color image has three axes. In a video or a body scan it also moves along a third axis.

# %% [markdown] lang="ja"
# **何次元の畳み込み?** カーネルが「動く」方向の数で数えます。音なら時間の方向だけなので1次元、画像なら縦と横に動くので2次元です(カラー画像は3階の配列ですが、動くのは2方向だけです)。動画やCTの画像のように、もう1つの方向にも動けば3次元になります。

# %%
sound = np.array([0, 0, 1, 2, 3, 3, 3, 0, 0], dtype=float)
change = np.array([-1, 1], dtype=float)  # moves along one axis: how much louder does it get?
F.conv2d(sound.reshape(1, 1, 1, 9), change.reshape(1, 1, 1, 2)).data.ravel()

# %% [markdown] lang="en"
# ## 55.3 Bias
#
# The bias is one number, added to every element of the output.

# %% [markdown] lang="ja"
# ## 55.3 バイアス
#
# バイアスは1つの数で、出力のすべての要素に足されます。

# %%
with_bias = F.conv2d(x.reshape(1, 1, 4, 4), kernel.reshape(1, 1, 3, 3), b=np.array([10.0]))
with_bias - y

# %% [markdown] lang="en"
# ## 55.4 Padding
#
# The output of a convolution is smaller than its input; after a few layers nothing would be left. A border of zeros around
# the input makes up for that. With a 3 × 3 kernel a border of one pixel keeps the size.

# %% [markdown] lang="ja"
# ## 55.4 パディング
#
# 畳み込みを行うと、出力は入力より小さくなります。層を重ねていくと、やがて何も残らなくなってしまいます。そこで、あらかじめ入力の周りを0で囲んでおきます。これがパディングです。3 × 3のカーネルなら、幅1のパディングで大きさが変わらなくなります。

# %%
padded = F.conv2d(x.reshape(1, 1, 4, 4), kernel.reshape(1, 1, 3, 3), pad=1)
show(padded=np.pad(x, 1), y=padded.data[0, 0])
print(x.shape, "->", padded.shape[2:])

# %% [markdown] lang="en"
# ## 55.5 Stride
#
# The stride is the distance that the kernel moves at a time. The larger the stride, the smaller the output. It may differ
# between the two axes.

# %% [markdown] lang="ja"
# ## 55.5 ストライド
#
# ストライドは、カーネルを一度に動かす幅です。大きくするほど出力は小さくなります。縦と横で違う値にすることもできます。

# %%
large = np.ones((1, 1, 7, 7))
for stride in (1, 2, (2, 1)):
    print("stride", stride, "->", F.conv2d(large, kernel.reshape(1, 1, 3, 3), stride=stride).shape)

# %% [markdown] lang="en"
# ## 55.6 The size of the output
#
# Count the positions of the kernel along one axis. The padded input has *H* + 2 *P* pixels. The first position takes *KH*
# of them, and every further *SH* pixels make room for one more.

# %% [markdown] lang="ja"
# ## 55.6 出力サイズの計算
#
# 1つの軸に沿って、カーネルを置ける位置がいくつあるか数えてみましょう。パディングを含めた入力は*H* + 2 *P*画素です。最初の位置でカーネルが*KH*画素を使い、残りが*SH*画素あるごとに、もう1つ置けるようになります。


# %%
def outsize(input_size, kernel_size, stride, pad):
    return (input_size + pad * 2 - kernel_size) // stride + 1


print(outsize(4, 3, 1, 1), get_conv_outsize(4, 3, 1, 1))
print(outsize(7, 3, 2, 0), get_conv_outsize(7, 3, 2, 0))

# %% [markdown] lang="en"
# If the kernel is larger than the padded input, there is no output. The error message names all the sizes:

# %% [markdown] lang="ja"
# パディングを含めた入力よりカーネルのほうが大きいと、出力はありません。エラーメッセージには、関係するサイズがすべて示されます。

# %%
try:
    F.conv2d(x.reshape(1, 1, 4, 4), np.ones((1, 1, 7, 7)), pad=1)
except ValueError as error:
    print(error)

# %% [markdown] lang="en"
# **Try it:** which padding keeps the size with a 5 × 5 kernel? And with 4 × 4? What does the disc look like after the
# kernel `np.ones((3, 3)) / 9`?

# %% [markdown] lang="ja"
# **やってみよう:** 5 × 5のカーネルで大きさを変えないためには、パディングをいくつにすればよいでしょうか。4 × 4ではどうでしょうか。また、円の画像に`np.ones((3, 3)) / 9`というカーネルを使うと、どう見えるでしょうか。
