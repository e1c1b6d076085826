# %% [markdown] lang="en"
# # Step 57: the functions conv2d and pooling
#
# This step implements convolution and pooling as functions. Loops over every position would be slow in Python. **im2col**
# avoids them: it copies the pixels under the kernel, position by position, into the rows of a matrix. The whole convolution
# is then one matrix product.

# %% [markdown] lang="ja"
# # ステップ57 conv2d関数とpooling関数
#
# 畳み込みとプーリングを、関数として実装します。カーネルの位置ごとにfor文を重ねると、Pythonではとても遅くなってしまいます。そこで**im2col**を使います。カーネルが重なる部分を位置ごとに取り出して行列の1行にすれば、畳み込み全体が1回の行列の積になります。

# %%
import numpy as np

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Model, Variable
from pyconvlite.utils import get_conv_outsize, pair

rng = np.random.default_rng(0)

# %% [markdown] lang="en"
# ## 57.1 im2col
#
# A 5 × 5 kernel fits a 7 × 7 image at 3 × 3 = 9 positions. It covers 3 × 5 × 5 = 75 numbers, so the matrix has 9
# rows of 75 numbers. A batch of 10 images gives 90 rows.

# %% [markdown] lang="ja"
# ## 57.1 im2colによる展開
#
# 7 × 7の画像に5 × 5のカーネルを置ける位置は、3 × 3 = 9か所です。カーネルの下には3 × 5 × 5 = 75個の数があるので、75個の数が9行並んだ行列になります。画像が10枚あれば90行です。

# %%
x1 = rng.random((1, 3, 7, 7))
print(F.im2col(x1, kernel_size=5, stride=1, pad=0, to_matrix=True).shape)

x2 = rng.random((10, 3, 7, 7))
print(F.im2col(x2, kernel_size=(5, 5), stride=(1, 1), pad=(0, 0), to_matrix=True).shape)

# %% [markdown] lang="en"
# The fifth of the nine rows belongs to the position in the middle, one down and one across.

# %% [markdown] lang="ja"
# 1行だけ見てみましょう。9行のうち5番目は中央の位置、つまり下に1、右に1動かしたところに当たります。

# %%
row = F.im2col(x1, kernel_size=5).data[4]
np.array_equal(row, x1[0, :, 1:6, 1:6].ravel())

# %% [markdown] lang="en"
# With `to_matrix=False` the axes stay separate: (N, C, KH, KW, OH, OW).

# %% [markdown] lang="ja"
# `to_matrix=False`とすると、1行に並べず、(N, C, KH, KW, OH, OW)という6つの軸に分けたまま返します。

# %%
F.im2col(x2, kernel_size=5, to_matrix=False).shape

# %% [markdown] lang="en"
# im2col takes memory: each pixel is copied once for every kernel position that covers it. (pyconvlite's own kernels avoid
# the copy where they can.)

# %% [markdown] lang="ja"
# im2colはメモリを使います。1つの画素が、それを含むカーネルの位置の数だけコピーされるからです。(pyconvlite自身の計算カーネルは、できるところではこのコピーを作りません。)

# %%
images = np.zeros((32, 16, 28, 28), np.float32)
column = F.im2col(images, kernel_size=3, pad=1).data
print(f"{images.nbytes / 1e6:.1f} MB become {column.nbytes / 1e6:.1f} MB")

# %% [markdown] lang="en"
# ## 57.2 conv2d
#
# Sizes may be given as one integer or as two. `pair` turns either into two.

# %% [markdown] lang="ja"
# ## 57.2 conv2d関数の実装
#
# サイズは整数1つでも、2つの組でも指定できます。どちらも2つの組にそろえるのが`pair`です。

# %%
print(pair(1), pair((1, 2)))
for wrong in ((1,), (1, 2, 3), 1.5):
    try:
        pair(wrong)
    except (TypeError, ValueError) as error:
        print(error)

# %% [markdown] lang="en"
# The convolution itself: unfold the input, flatten the kernels into columns, multiply, and fold the result back into
# images. It is composed of functions that have gradients, so it has one, too.

# %% [markdown] lang="ja"
# いよいよ畳み込みです。入力をim2colで展開し、カーネルを列に並べて、行列の積を計算し、最後に画像の形状に戻します。使っている関数はどれも自分の勾配を計算できるので、組み合わせたこの関数も逆伝播ができます。


# %%
def conv2d_simple(x, W, b=None, stride=1, pad=0):
    N, C, H, width = x.shape
    OC, C, KH, KW = W.shape
    (SH, SW), (PH, PW) = pair(stride), pair(pad)
    OH = get_conv_outsize(H, KH, SH, PH)
    OW = get_conv_outsize(width, KW, SW, PW)

    col = F.im2col(x, (KH, KW), stride, pad, to_matrix=True)  # (N * OH * OW, C * KH * KW)
    t = F.linear(col, W.reshape(OC, C * KH * KW).transpose(), b)  # (N * OH * OW, OC)
    return t.reshape(N, OH, OW, OC).transpose(0, 3, 1, 2)


x = Variable(rng.standard_normal((1, 5, 15, 15)), name="x")
W = Variable(rng.standard_normal((8, 5, 3, 3)), name="W")
y = conv2d_simple(x, W, stride=1, pad=1)
y.backward()
print(y.shape, x.grad.shape, W.grad.shape)

# %% [markdown] lang="en"
# `F.conv2d` is the same operation as a single Function, with its gradients written out. A Variable on the last line of a
# cell is displayed with its shape and statistics, and those of its gradient.

# %% [markdown] lang="ja"
# `F.conv2d`は、これを1つのFunctionにまとめ、勾配の計算も書き下したものです。Variableは、セルの最後の行に書くと自分の形状や統計量を表示します。勾配があれば、その統計量も並びます。

# %%
gx, gW = x.grad.data, W.grad.data
x.cleargrad()
W.cleargrad()
y2 = F.conv2d(x, W, stride=1, pad=1)
y2.backward()
print("y:", np.allclose(y.data, y2.data))
print("gx:", np.allclose(gx, x.grad.data))
print("gW:", np.allclose(gW, W.grad.data))
W

# %% [markdown] lang="en"
# The gradient with respect to the input is the transposed convolution, `F.deconv2d`: it returns each output's gradient to
# the pixels that the output was computed from. As matrices the two are transposes of each other, so the sums below are
# equal.

# %% [markdown] lang="ja"
# 入力に関する勾配は、転置畳み込み(逆畳み込み)`F.deconv2d`で求まります。出力の勾配を、もとになった画素へ配り返す計算です。行列として見れば互いに転置の関係にあるので、次の2つの和は等しくなります。

# %%
v = rng.standard_normal(y.shape)
there = F.sum(F.conv2d(x, W, pad=1) * v)
back = F.sum(x * F.deconv2d(v, W, pad=1))
print(there, back)

# %% [markdown] lang="en"
# ## 57.3 The layer Conv2d
#
# A layer holds the weights. The number of input channels can be left out: the layer takes it from the first input, and
# initializes its weights then.

# %% [markdown] lang="ja"
# ## 57.3 Conv2dレイヤの実装
#
# レイヤは重みを持っています。入力のチャンネル数は指定しなくてもかまいません。最初の入力を見て自動的に決まり、そのときに重みが初期化されます。

# %%
conv = L.Conv2d(8, kernel_size=3, pad=1)
conv

# %%
images = rng.standard_normal((4, 5, 15, 15)).astype(np.float32)
maps = conv(images)
conv

# %% [markdown] lang="en"
# ## 57.4 pooling
#
# Pooling uses im2col as well, but for each channel separately: a row holds one window of one channel, and its maximum is
# the output.

# %% [markdown] lang="ja"
# ## 57.4 pooling関数の実装
#
# プーリングもim2colで展開します。ただし、チャンネルごとに分けて並べます。1行が1つのチャンネルの1つの窓に当たるので、あとは行ごとに最大値を取るだけです。


# %%
def pooling_simple(x, kernel_size, stride=1, pad=0):
    N, C, H, width = x.shape
    (KH, KW), (SH, SW), (PH, PW) = pair(kernel_size), pair(stride), pair(pad)
    OH = get_conv_outsize(H, KH, SH, PH)
    OW = get_conv_outsize(width, KW, SW, PW)

    col = F.im2col(x, kernel_size, stride, pad, to_matrix=True)  # (N * OH * OW, C * KH * KW)
    y = F.max(col.reshape(-1, KH * KW), axis=1)  # a row for each window of each channel
    return y.reshape(N, OH, OW, C).transpose(0, 3, 1, 2)


np.array_equal(pooling_simple(images, 2, 2).data, F.pooling(images, 2, 2).data)

# %% [markdown] lang="en"
# In the backward pass the gradient goes to the pixel with the maximum; all others get zero.

# %% [markdown] lang="ja"
# 逆伝播では、最大だった画素だけに勾配が流れ、ほかの画素の勾配は0になります。

# %%
small = Variable(np.array([[1.0, 5.0, 2.0, 3.0], [4.0, 0.0, 7.0, 6.0]]).reshape(1, 1, 2, 4))
F.pooling(small, 2, 2).backward()
small.grad.data[0, 0]

# %% [markdown] lang="en"
# ## A first CNN
#
# These parts are enough for a CNN. The next notebook trains one on handwritten digits.

# %% [markdown] lang="ja"
# ## 最初のCNN
#
# これで必要なものはそろいました。次のノートブックでは、このようなネットワークに手書き数字を学習させます。


# %%
class SmallCNN(Model):
    def __init__(self):
        self.conv1 = L.Conv2d(16, kernel_size=5)
        self.conv2 = L.Conv2d(32, kernel_size=5)
        self.fc = L.Linear(10)

    def forward(self, x):
        x = F.pooling(F.relu(self.conv1(x)), 2, 2)
        x = F.pooling(F.relu(self.conv2(x)), 2, 2)
        return self.fc(F.flatten(x))


model = SmallCNN()
scores = model(np.zeros((2, 1, 28, 28), np.float32))
model
