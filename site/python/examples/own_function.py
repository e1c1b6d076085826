# en: A Function of your own, and a check of its gradients.
# ja: 自分の Function を作り、勾配が正しいかを確かめます。
import matplotlib.pyplot as plt
import numpy as np

from pyconvlite import Function, Variable, grad
from pyconvlite.testing import check_backward, check_double_backward


class Gaussian(Function):
    # en: forward computes with arrays.
    # ja: forward は配列で計算します。
    def forward(self, x):
        return np.exp(-x * x)

    # en: backward computes with Variables, so that the gradient can be differentiated again.
    # ja: backward は Variable で計算します。そのため勾配をもう一度微分できます。
    def backward(self, gy):
        (x,) = self.inputs
        return gy * -2 * x * gaussian(x)


def gaussian(x):
    return Gaussian()(x)


# en: Both checks compare with central differences, and print nothing if the gradients are right.
# ja: どちらの検査も中心差分で測った勾配と比べます。正しければ何も表示しません。
sample = np.random.default_rng(0).standard_normal((3, 4))
check_backward(gaussian, sample)
check_double_backward(gaussian, sample)
print("Gaussian: both orders are right")


# en: A mistake is found and located. Fix it and run again.
# ja: 間違いがあれば、どこが違うかを教えてくれます。直してもう一度実行してみてください。
class Mistaken(Gaussian):
    def backward(self, gy):
        (x,) = self.inputs
        return gy * 2 * x * gaussian(x)


try:
    check_backward(lambda x: Mistaken()(x), sample)
except AssertionError as error:
    print("Mistaken:", error)

# en: The function and its first two derivatives.
# ja: 関数と、1 階・2 階の導関数です。
x = Variable(np.linspace(-3, 3, 200))
y = gaussian(x)
(gx,) = grad(y, x, create_graph=True)
(ggx,) = grad(gx, x)
for curve, name in [(y, "y"), (gx, "y'"), (ggx, "y''")]:
    plt.plot(x.data, curve.data, label=name)
plt.grid(alpha=0.3)
plt.legend()
plt.show()
