import numpy as np

import pyconvlite.functions as F

y = F.conv2d(x, W).data
back = F.deconv2d(gy, W).data

left = np.sum(gy * y)  # <gy, conv(x)>
right = np.sum(back * x)  # <deconv(gy), x>

# en: Both as matrices. Where each pixel leads to:
# ja: どちらも行列にします。各画素の行き先:
pixels = np.eye(9).reshape(9, 1, 3, 3)
A = F.conv2d(pixels, W).reshape(9, 4).T
# en: ... and each output, on the way back:
# ja: 逆向きに、各出力の行き先:
outputs = np.eye(4).reshape(4, 1, 2, 2)
B = F.deconv2d(outputs, W).reshape(4, 9).T
