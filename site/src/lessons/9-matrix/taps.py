import numpy as np

import pyconvlite.functions as F

way = kernel_size, stride, pad
six = F.im2col(x, *way, to_matrix=False)
col = F.im2col(x, *way, to_matrix=True)

# en: OH and OW to the front, then rows are made
# ja: OH と OW を前に移し、行にまとめます
N, C, KH, KW, OH, OW = six.shape
rows = six.transpose(0, 4, 5, 1, 2, 3)
rows = rows.reshape(N * OH * OW, C * KH * KW)
same = np.array_equal(rows.data, col.data)
print("same =", same)

pixel = np.arange(x.size).reshape(x.shape)
source = F.im2col(pixel + 1, *way)
