# %% [markdown] lang="en"
# # pyconvlite: notebooks
#
# Python runs in your browser: there is nothing to install, and nothing leaves your machine. Run a cell with Shift+Enter,
# change it, and run it again. Your changes are stored in this browser.
#
# NumPy, matplotlib, Pillow, tqdm and protobuf (for ONNX files) are here: a cell that imports one loads it. Other packages are
# not, since the site asks no other host.
#
# ■ interrupts the running cell, if the host isolates this page from other sites. Otherwise, and for a cell that is only
# waiting, restart the kernel: ↻.
#
# **Steps 55 to 58 of the book** ("Deep Learning from Scratch 3")
#
# - [55: how a CNN works (1)](55.ipynb): convolution, bias, padding, stride, the size of the output
# - [56: how a CNN works (2)](56.ipynb): channels, several kernels, mini-batches, pooling
# - [57: conv2d and pooling](57.ipynb): im2col, the functions and the layer, their gradients
# - [58: a VGG network, trained here](58.ipynb): handwritten digits, with a progress bar and a live curve
#
# **More**
#
# - [Your own Function](own-function.ipynb): write one, and check its first and second gradients
# - [Backends](backends.ipynb): NumPy, SIMD and WebGPU: switch, compare, measure
# - [Saving and loading weights](weights.ipynb): in the browser's storage, or as a download
# - [Fine-tuning](fine-tune.ipynb): a pretrained network learns from your own pictures

# %% [markdown] lang="ja"
# # pyconvlite ノートブック
#
# Pythonは、このブラウザの中で動きます。インストールは不要で、入力した内容が外に送られることもありません。セルはShift+Enterで実行できます。書きかえて、何度でも実行してみてください。変更した内容は、このブラウザに保存されます。メニューも日本語にしたいときは、Settings → Languageで選べます。
#
# NumPy、matplotlib、Pillow、tqdm、protobuf(ONNXファイル用)が使えます。importを含むセルを実行すると読み込まれます。サイトはほかのホストに接続しないので、それ以外のパッケージは使えません。
#
# 実行中のセルは■で中断できます。ただし、ホストがページをほかのサイトから分離している必要があります。そうでない場合や、セルが何かを待っているだけの場合は、↻でカーネルを再起動してください。
#
# **本のステップに沿って**(『ゼロから作るDeep Learning ❸』ステップ55〜58)
#
# - [55 CNNのしくみ(1)](55.ipynb): 畳み込み、バイアス、パディング、ストライド、出力サイズ
# - [56 CNNのしくみ(2)](56.ipynb): チャンネル、複数のカーネル、ミニバッチ、プーリング
# - [57 conv2d関数とpooling関数](57.ipynb): im2col、関数とレイヤの実装、その勾配
# - [58 VGGを学習させる](58.ipynb): 手書き数字の学習(進み具合とグラフをその場で表示)
#
# **さらに進んで**
#
# - [自分のFunctionを作る](own-function.ipynb): 勾配が正しいかを1階・2階とも確かめる
# - [バックエンドの切り替え](backends.ipynb): NumPy、SIMD、WebGPUを切り替えて比べる
# - [重みの保存と読み込み](weights.ipynb): ブラウザに保存する、ファイルとしてダウンロードする
# - [ファインチューニング](fine-tune.ipynb): 学習済みのネットワークに自分の画像を学習させる

# %% [markdown] lang="en"
# A first example: a model on the last line of a cell is displayed as a table of its layers.

# %% [markdown] lang="ja"
# まずは試しに実行してみましょう。モデルをセルの最後の行に書くと、層の一覧が表示されます。

# %%
import numpy as np

from pyconvlite.models import LeNet

model = LeNet()
scores = model(np.zeros((1, 1, 28, 28), np.float32))
model
