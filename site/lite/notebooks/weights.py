# %% [markdown] lang="en"
# # Saving and loading weights
#
# A model's weights can be saved to a file and loaded into a model of the same shape, here as on your own machine. This
# notebook trains a small network on spiral data, saves its weights, and loads them again.

# %% [markdown] lang="ja"
# # 重みの保存と読み込み
#
# モデルの重みはファイルに保存でき、同じ構造のモデルに読み込めます。使い方はここでも、ご自分のパソコンでも同じです。このノートブックでは、小さなネットワークにらせん状のデータを学習させ、保存して、もう一度読み込んでみます。

# %%
import base64
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import no_grad
from pyconvlite.datasets import Spiral
from pyconvlite.models import MLP
from pyconvlite.optimizers import Adam

# %% [markdown] lang="en"
# ## Train

# %% [markdown] lang="ja"
# ## 学習する

# %%
pyconvlite.seed(0)
spiral = Spiral()
x, t = spiral.data, spiral.label

model = MLP((32, 32, 3), activation=F.relu)
optimizer = Adam(alpha=0.01).setup(model)
for _ in range(300):
    loss = F.softmax_cross_entropy(model(x), t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
print(f"{float(F.accuracy(model(x), t)):.1%} of the points")


def show(model):
    """Draw which class the model gives to each place, and the points."""
    grid = np.stack(np.meshgrid(np.linspace(-1.1, 1.1, 120), np.linspace(-1.1, 1.1, 120)), axis=-1)
    with no_grad():
        classes = model(grid.reshape(-1, 2).astype(np.float32)).data.argmax(axis=1).reshape(120, 120)
    plt.figure(figsize=(4, 4))
    plt.imshow(classes, extent=(-1.1, 1.1, -1.1, 1.1), origin="lower", cmap="Pastel1")
    plt.scatter(x[:, 0], x[:, 1], c=t, s=8, cmap="Set1")
    plt.show()


show(model)

# %% [markdown] lang="en"
# ## Save
#
# `save_weights` writes an npz file with one array per Parameter, which `numpy.load` can read. The file is next to this
# notebook, in your browser's storage, and stays there. Find it with File → Open.

# %% [markdown] lang="ja"
# ## 保存する
#
# `save_weights`は、Parameterごとに1つの配列を入れたnpzファイルを書き出します。`numpy.load`でも読めます。ファイルはこのノートブックと同じ場所、ブラウザの保存領域に置かれ、明日になっても残っています。File → Openから見つけられます。

# %%
file = Path("spiral.npz")
model.save_weights(file)
print(file.stat().st_size, "bytes")
for name, array in np.load(file).items():
    print(name, array.shape, array.dtype)

# %% [markdown] lang="en"
# To store it outside the browser, download it. This kind of link works for any file:

# %% [markdown] lang="ja"
# ブラウザの外に保存したいときは、ダウンロードします。次のリンクは、どのファイルにも使えます。

# %%
contents = base64.b64encode(file.read_bytes()).decode()
HTML(f'<a download="{file.name}" href="data:application/octet-stream;base64,{contents}">{file.name}</a>')

# %% [markdown] lang="en"
# ## Load
#
# A new model has random weights. With the loaded weights it gives the same answers as the old one. Its layers do not need
# an input first: they take their sizes from the file.

# %% [markdown] lang="ja"
# ## 読み込む
#
# 同じ形の新しいモデルは、まだ何も知りません。重みを読み込むと、もとのモデルと同じ答えを返すようになります。一度も入力を受け取っていない層も、大きさをファイルから読み取ります。

# %%
loaded = MLP((32, 32, 3), activation=F.relu)
loaded.load_weights(file)
print("the same scores:", np.array_equal(loaded(x).data, model(x).data))
loaded

# %% [markdown] lang="en"
# Weights that do not fit are refused before anything changes. The error lists all the differences:

# %% [markdown] lang="ja"
# 合わない重みを読み込もうとすると、何も書き換えずにエラーになります。どこが合わないのかも、すべて示されます。

# %%
try:
    MLP((16, 3)).load_weights(file)
except ValueError as error:
    print(error)

# %% [markdown] lang="en"
# The Train page of this site reads and writes the same kind of file, so weights can be exchanged between them.

# %% [markdown] lang="ja"
# このサイトの「学習」のページも、同じ形式のファイルを読み書きします。重みは互いにやりとりできます。
