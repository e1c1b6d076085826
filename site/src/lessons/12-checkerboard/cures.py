import numpy as np

import pyconvlite.functions as F

image = x[None, None]

# twice as large, by a deconvolution
W = np.ones((1, 1, K, K)) * 4 / K**2
stamped = F.deconv2d(image, W, stride=2)[0, 0]

# the cure: enlarge first, then convolve
large = F.upsample(image, 2)
W = np.ones((1, 1, K, K)) / K**2
resized = F.conv2d(large, W, pad=K - 1)[0, 0]
