# en: Step 56: channels, a bias for each kernel, mini-batches, and pooling.
# ja: ステップ 56: チャンネル、カーネルごとのバイアス、ミニバッチ、プーリング。
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite.functions as F
from pyconvlite.colors import signed

# en: A color image, (channels, height, width): a red square, a green disc and a blue stripe.
# ja: カラー画像です。形状は(チャンネル, 高さ, 幅)で、赤い正方形、緑の円、青い帯があります。
rows, columns = np.mgrid[0:32, 0:32]
image = np.zeros((3, 32, 32), dtype=np.float32)
image[0, 4:14, 4:14] = 1
image[1] = (rows - 20) ** 2 + (columns - 20) ** 2 < 64
image[2, :, 27:30] = 1

# en: A kernel has as many channels as the image and moves in two directions: its output is one channel.
# ja: カーネルは画像と同じチャンネル数を持ち、縦と横にだけ動いて、1 チャンネルを出力します。
# en: Three kernels give three: the mean, the green, and edges from left to right. Each has a bias.
# ja: カーネルが 3 つなら出力も 3 チャンネルです(平均、緑、左から右への縁)。バイアスは 1 つずつあります。
mean = np.full((3, 3, 3), 1 / 27, dtype=np.float32)
green = np.zeros((3, 3, 3), dtype=np.float32)
green[1, 1, 1] = 1
edge = np.broadcast_to(np.array([-1, 0, 1], dtype=np.float32), (3, 3, 3))
W = np.stack([mean, green, edge])  # (OC, C, KH, KW)
b = np.array([0, -0.5, 0], dtype=np.float32)

# en: A mini-batch of two images: the second is the first, shifted by one pixel.
# ja: 画像 2 枚のミニバッチです。2 枚目は 1 枚目を 1 画素ずらしたものです。
x = np.stack([image, np.roll(image, 1, axis=2)])
sums = F.conv2d(x, W, b, pad=1)
y = F.relu(sums)
pooled = F.pooling(y, kernel_size=4, stride=4)
for name, array in [("x", x), ("W", W), ("b", b), ("y", y), ("pooled", pooled)]:
    print(f"{name:6} {array.shape}")

# en: The relative change caused by the shift: large in the feature maps, smaller after pooling.
# ja: ずらしたことによる変化の割合です。特徴マップは大きく変わり、プーリング後の変化は小さくなります。
for name, array in [("y", y.data), ("pooled", pooled.data)]:
    change = np.abs(array[1] - array[0]).sum() / np.abs(array[0]).sum()
    print(f"{name:6} changes by {change:.0%}")

# en: Positive numbers are blue, negative ones orange; ReLU leaves none of the latter.
# ja: 正の数は青、負の数は橙です。ReLU のあとに負の数は残りません。
_, axes = plt.subplots(2, 4, figsize=(8, 4))
axes[0, 0].imshow(image.transpose(1, 2, 0))
axes[0, 0].set_title("image")
for channel, name in enumerate(["mean", "green", "edge"], start=1):
    axes[0, channel].imshow(signed(sums.data[0, channel - 1]))
    axes[0, channel].set_title(name)
    axes[1, channel].imshow(signed(pooled.data[0, channel - 1]))
    axes[1, channel].set_title(f"{name}, pooled")
for axis in axes.ravel():
    axis.set(xticks=[], yticks=[])
axes[1, 0].axis("off")
plt.show()
