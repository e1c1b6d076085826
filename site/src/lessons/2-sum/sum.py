import pyconvlite.functions as F

# en: conv2d takes images (N, C, H, W): here one with one channel.
# ja: conv2d の入力は画像 (N, C, H, W): ここでは 1 枚、1 チャンネルです。
image, kernel = x[None, None], W[None, None]
y = F.conv2d(image, kernel)[0, 0]

# en: What it does at the output pixel (i, j):
# ja: 出力の画素 (i, j) での計算:
KH, KW = W.shape
window = x[i : i + KH, j : j + KW]
products = window * W
total = products.sum()
