import pyconvlite.functions as F

# en: x: the drawn house, 32 by 24 pixels
# ja: x: 32 × 24 画素の家の絵
y = F.conv2d(x[None, None], W[None, None])[0, 0]
# en: what a plain white area gives
# ja: 真っ白な部分での値
total = W.sum()
