# en: Step 55: a convolution slides a kernel over an image and sums the products.
# ja: ステップ 55: 畳み込みは、カーネルを画像の上で動かしながら積の和をとる演算です。
import numpy as np

import pyconvlite.functions as F
from pyconvlite.utils import get_conv_outsize

image = np.array(
    [
        [1, 2, 3, 0],
        [0, 1, 2, 3],
        [3, 0, 1, 2],
        [2, 3, 0, 1],
    ],
    dtype=float,
)
kernel = np.array(
    [
        [2, 0, 1],
        [0, 1, 2],
        [1, 0, 2],
    ],
    dtype=float,
)

# en: With loops, by the definition: one sum for each position of the kernel.
# ja: 定義どおりに for 文で計算します。カーネルの位置ごとに和が 1 つ求まります。
by_hand = np.zeros((2, 2))
for i in range(2):
    for j in range(2):
        by_hand[i, j] = (image[i : i + 3, j : j + 3] * kernel).sum()
print(by_hand)

# en: The same with conv2d, whose arrays have the shape (images, channels, height, width).
# ja: conv2d でも同じ結果になります。形状は(枚数, チャンネル, 高さ, 幅)です。
x = image.reshape(1, 1, 4, 4)
W = kernel.reshape(1, 1, 3, 3)
y = F.conv2d(x, W)
print(y.data[0, 0])
assert np.allclose(y.data[0, 0], by_hand)

# en: Padding keeps the size; a stride of 2 halves it; the bias is added to every sum.
# ja: パディングで大きさを保ち、ストライド 2 で半分にします。バイアスはすべての和に足されます。
for stride, pad in [(1, 0), (1, 1), (2, 1)]:
    size = get_conv_outsize(4, 3, stride, pad)
    y = F.conv2d(x, W, b=np.array([3.0]), stride=stride, pad=pad)
    print(f"stride {stride}, pad {pad}: {size} x {size}")
    print(y.data[0, 0])
