import pyconvlite.functions as F

sums = F.conv2d(x[None], W)[0]
y = F.conv2d(x[None], W, b)[0]  # b (OC,)

# The same by hand:
same = sums + b.reshape(-1, 1, 1)
