def field(stride=1, dilation=1):
    pixels, step = 1, 1
    for n in range(layers):
        pixels += 2 * dilation**n * step  # 3 = 1 + 2
        step *= stride
    return pixels


plain = field()
strided = field(stride=2)
dilated = field(dilation=2)
