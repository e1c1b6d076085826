from pyconvlite.utils import get_conv_outsize

OH = get_conv_outsize(H, K, stride, pad)
OW = get_conv_outsize(W, K, stride, pad)

float32 = 4  # bytes of a number
images = N * C * H * W * float32
columns = N * OH * OW * C * K * K * float32
