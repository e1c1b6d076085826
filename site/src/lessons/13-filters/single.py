import pyconvlite.functions as F

# x: the drawn house at 32 × 24
y = F.conv2d(x[None, None], W[None, None])[0, 0]
total = W.sum()  # what a plain white area gives
