import pyconvlite.functions as F

# conv2d takes images (N, C, H, W): here one
# with one channel.
image, kernel = x[None, None], W[None, None]
y = F.conv2d(image, kernel)[0, 0]

# What it does at the output pixel (i, j):
KH, KW = W.shape
window = x[i : i + KH, j : j + KW]
products = window * W
total = products.sum()
