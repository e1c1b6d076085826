import pyconvlite.functions as F

# en: x: the drawn house, 32 by 24 pixels
# ja: x: 32 × 24 画素の家の絵
h = F.relu(F.conv2d(x[None, None], A[None, None]))
y = F.relu(F.conv2d(h, B[None, None]))[0, 0]
h = h[0, 0]
