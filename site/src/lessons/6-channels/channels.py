import pyconvlite.functions as F

# en: x (C, H, W), one kernel W (C, KH, KW)
# ja: x (C, H, W)、カーネル 1 個 W (C, KH, KW)
y = F.conv2d(x[None], W[None])[0]

# en: What it does at the place (i, j):
# ja: 位置 (i, j) での計算:
C, KH, KW = W.shape
window = x[:, i : i + KH, j : j + KW]
shares = (window * W).sum(axis=(1, 2))
total = shares.sum()
