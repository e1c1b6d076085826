import pyconvlite.functions as F

# en: A row is an image with the height 1.
# ja: 1 行の並びは、高さ 1 の画像です。
row = x[None, None, None]
kernel = W[None, None, None]
y = F.conv2d(row, kernel)[0, 0, 0]
