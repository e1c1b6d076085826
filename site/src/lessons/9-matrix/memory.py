from pyconvlite.utils import get_conv_outsize

OH = get_conv_outsize(H, K, stride, pad)
OW = get_conv_outsize(W, K, stride, pad)

# en: bytes of a number
# ja: 数 1 個のバイト数
float32 = 4
images = N * C * H * W * float32
columns = N * OH * OW * C * K * K * float32
