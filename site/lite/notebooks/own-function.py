# %% [markdown] lang="en"
# # Your own Function
#
# Every operation of pyconvlite is a Function: `forward` computes the result from arrays, `backward` the gradient. You can
# write your own, and compare its first and second gradients with numerical ones.

# %% [markdown] lang="ja"
# # 自分のFunctionを作る
#
# pyconvliteの演算は、どれもFunctionでできています。`forward`は配列で計算し、`backward`は勾配を求めます。Functionは自分でも作れます。勾配が正しいかどうかは、数値微分の結果と比べて、1階も2階も確かめることができます。

# %%
import matplotlib.pyplot as plt
import numpy as np

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Function, Variable, grad
from pyconvlite.models import Sequential
from pyconvlite.optimizers import Adam
from pyconvlite.testing import check_backward, check_double_backward, numerical_grad

# %% [markdown] lang="en"
# ## Softplus
#
# Softplus is a smooth version of ReLU: $y = \log(1 + e^x)$. Its derivative is the sigmoid function.
#
# `forward` receives arrays. `backward` receives the gradient of the output as a Variable, and must compute the result with
# operations on Variables, so that the gradient itself can be differentiated.

# %% [markdown] lang="ja"
# ## Softplus
#
# Softplusは、ReLUをなめらかにした関数です($y = \log(1 + e^x)$)。微分するとシグモイド関数になります。
#
# `forward`は配列を受け取ります。`backward`は出力の勾配をVariableで受け取り、Variableの演算だけを使って入力の勾配を計算します。こうしておくと、勾配をさらに微分することもできます。


# %%
class Softplus(Function):
    def forward(self, x):
        return np.logaddexp(0, x)  # log(e^0 + e^x), which does not overflow

    def backward(self, gy):
        (x,) = self.inputs
        return gy * F.sigmoid(x)


def softplus(x):
    return Softplus()(x)


x = Variable(np.array([-2.0, 0.0, 3.0]))
y = softplus(x)
y.backward()
x

# %% [markdown] lang="en"
# ## Is the gradient right?
#
# `numerical_grad` measures it by moving each element slightly in both directions. `check_backward` compares the two, and
# also checks dtypes, shapes, and that no argument is written to. If it prints nothing, all checks have passed.

# %% [markdown] lang="ja"
# ## 勾配は正しいか
#
# `numerical_grad`は、要素を1つずつ両側に少しだけ動かして勾配を測ります。`check_backward`は測った勾配と`backward`の勾配を比べるほか、データ型や形、引数を書きかえていないことも調べます。何も表示されなければ合格です。

# %%
print("backward:", x.grad.data)
print("measured:", numerical_grad(softplus, x.data))
check_backward(softplus, np.random.default_rng(0).standard_normal((3, 4)))

# %% [markdown] lang="en"
# ## Second order
#
# `grad` with `create_graph=True` returns gradients with a graph of their own. `check_double_backward` checks them.

# %% [markdown] lang="ja"
# ## 2階の勾配
#
# `grad`に`create_graph=True`を渡すと、勾配も計算グラフを持ち、もう一度微分できるようになります。これを確かめるのが`check_double_backward`です。

# %%
check_double_backward(softplus, np.random.default_rng(0).standard_normal((3, 4)))

x = Variable(np.linspace(-6, 6, 200))
y = softplus(x)
(gx,) = grad(y, [x], create_graph=True)
(ggx,) = grad(gx, [x])
for curve, name in ((y, "softplus"), (gx, "first derivative"), (ggx, "second derivative")):
    plt.plot(x.data, curve.data, label=name)
plt.legend()
plt.show()

# %% [markdown] lang="en"
# ## Two mistakes, and how to find them
#
# The first check finds a wrong formula, and names the worst element:

# %% [markdown] lang="ja"
# ## 2つの間違いと、その見つけ方
#
# 式が間違っていると、1つ目のチェックで見つかります。誤差が最も大きい要素も教えてくれます。


# %%
class WrongFormula(Softplus):
    def backward(self, gy):
        (x,) = self.inputs
        return gy * F.tanh(x)


try:
    check_backward(lambda x: WrongFormula()(x), np.array([0.5, 1.0]))
except AssertionError as error:
    print(error)

# %% [markdown] lang="en"
# This gradient is correct to first order, but it is computed from `.data`, outside the graph. Only the second check finds
# that:

# %% [markdown] lang="ja"
# 次の例は、1階の勾配は正しいのですが、`.data`を使ってグラフの外で計算しています。これは2つ目のチェックでしか見つかりません。


# %%
class OutsideTheGraph(Softplus):
    def backward(self, gy):
        (x,) = self.inputs
        return gy * (1 / (1 + np.exp(-x.data)))


check_backward(lambda x: OutsideTheGraph()(x), np.array([0.5, 1.0]))
try:
    check_double_backward(lambda x: OutsideTheGraph()(x), np.array([0.5, 1.0]))
except AssertionError as error:
    print(error)

# %% [markdown] lang="en"
# ## In a network
#
# The function can now be used like any other. Here it is the activation of a small network that learns a sine.

# %% [markdown] lang="ja"
# ## ネットワークで使う
#
# これで、ほかの関数と同じように使えます。層と層の間に置いて、サイン関数を学習させてみましょう。

# %%
xs = np.linspace(-3, 3, 100).reshape(-1, 1)
ts = np.sin(2 * xs)

pyconvlite.seed(0)
model = Sequential(L.Linear(30), softplus, L.Linear(30), softplus, L.Linear(1))
optimizer = Adam(alpha=0.02).setup(model)
for step in range(600):
    loss = F.mean_squared_error(model(xs), ts)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    if step % 100 == 99:
        print(step + 1, float(loss))

plt.plot(xs, ts, label="sine")
plt.plot(xs, model(xs).data, label="network")
plt.legend()
plt.show()

# %% [markdown] lang="en"
# **Try it:** write `Swish`, $x \cdot \mathrm{sigmoid}(x)$, as one Function. What is its derivative? The checks will tell.

# %% [markdown] lang="ja"
# **やってみよう:** $x \cdot \mathrm{sigmoid}(x)$を計算する`Swish`を1つのFunctionとして書いてみましょう。微分はどうなるでしょうか。正しいかどうかはチェックが教えてくれます。
