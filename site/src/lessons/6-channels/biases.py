import pyconvlite.functions as F

sums = F.conv2d(x[None], W)[0]
y = F.conv2d(x[None], W, b)[0]  # b (OC,)

# en: The same by hand:
# ja: 同じものを自分で計算:
same = sums + b.reshape(-1, 1, 1)
