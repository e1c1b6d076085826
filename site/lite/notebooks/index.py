# %% [markdown] en
# # Notebooks
#
# pyconvlite runs here in your browser: nothing is installed, nothing leaves your machine. Press Shift+Enter to run a
# cell; change it, and run it again.

# %% [markdown] ja
# # ノートブック
#
# pyconvliteは、このブラウザーの中で動きます。インストールは要りませんし、データが外に送られることもありません。セルはShift+Enterで実行できます。書きかえて、何度でも実行してみてください。

# %%
import numpy as np

from pyconvlite.models import LeNet

model = LeNet()
y = model(np.zeros((1, 1, 28, 28), np.float32))
model
