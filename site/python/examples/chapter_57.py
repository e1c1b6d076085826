# en: Step 57: im2col makes a convolution one matrix product, and pooling a maximum of rows.
# ja: ステップ 57: im2col を使うと、畳み込みは行列の積 1 回に、プーリングは行ごとの最大値になります。
import numpy as np

import pyconvlite.functions as F
from pyconvlite import Parameter, Variable
from pyconvlite.utils import get_conv_outsize, plot_dot_graph

N, C, H, W = 1, 2, 4, 4
OC, KH, KW = 3, 3, 3
x = Variable(np.arange(N * C * H * W, dtype=float).reshape(N, C, H, W), name="x")
kernels = Parameter(np.random.default_rng(0).standard_normal((OC, C, KH, KW)), name="W")

# en: Each row holds what the kernel covers at one position: C * KH * KW numbers.
# ja: 1 行が、ある位置でカーネルから見える C * KH * KW 個の値です。
col = F.im2col(x, (KH, KW))
print("im2col", col.shape)
print(col.data[0].reshape(C, KH, KW))

# en: Multiply by the kernels as columns, then return to the shape (N, OC, OH, OW).
# ja: カーネルを列に並べて掛け、結果を(N, OC, OH, OW)に戻します。
OH, OW = get_conv_outsize(H, KH, 1, 0), get_conv_outsize(W, KW, 1, 0)
product = F.matmul(col, kernels.reshape(OC, -1).transpose())
y = product.reshape(N, OH, OW, OC).transpose(0, 3, 1, 2)
y.name = "y"
print("y", y.shape)
assert np.allclose(y.data, F.conv2d(x, kernels).data)

# en: The graph of this computation.
# ja: この計算のグラフです。
plot_dot_graph(y, verbose=False)

# en: The gradient follows the graph back. With kernels of ones it counts the positions that cover a pixel.
# ja: 勾配はグラフを逆にたどります。カーネルがすべて 1 なら、その画素を見る位置の数になります。
kernels.data = np.ones_like(kernels.data)
F.sum(F.conv2d(x, kernels)).backward()
print("gx, for one of", OC, "kernels")
print(x.grad.data[0, 0] / OC)

# en: Pooling treats each channel separately: one row for each window, reduced to its maximum.
# ja: プーリングはチャンネルごとに行います。窓ごとに 1 行になり、その最大値が残ります。
rows = F.im2col(x, 2, stride=2).reshape(-1, 2 * 2)
pooled = F.max(rows, axis=1).reshape(N, 2, 2, C).transpose(0, 3, 1, 2)
print("pooled", pooled.shape)
print(pooled.data[0])
assert np.array_equal(pooled.data, F.pooling(x, 2, stride=2).data)
