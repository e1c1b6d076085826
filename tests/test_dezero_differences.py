"""docs/dezero.md: each row of its table of differences from DeZero holds."""

import contextlib
import copy
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pyconvlite import dezero
from pyconvlite.dezero import Variable, optimizers, utils
from pyconvlite.dezero import functions as F
from pyconvlite.dezero import layers as L
from pyconvlite.dezero.models import MLP, Sequential

DOCUMENT = Path(__file__).parents[1] / "docs" / "dezero.md"
if not DOCUMENT.exists():
    pytest.skip("the wheel's tests have no documents", allow_module_level=True)

HELD = {}  # the function that checks a row, by the row's first cell


def row(text):
    """Mark the check of a row."""

    def mark(check):
        HELD[text] = check
        return check

    return mark


def floats(*shape, dtype=np.float64):
    return np.random.RandomState(0).randn(*shape).astype(dtype)


@row("float32 weights")
def _():
    assert {p.dtype for p in (L.Linear(3, in_size=2).W, L.Conv2d(3, 3, in_channels=2).W)} == {np.dtype("f4")}


@row("gradient of float32 data in a float64 computation")
def _():
    layer = L.Linear(3)
    y = layer(floats(4, 2))
    F.sum(y * y).backward()
    assert y.dtype == np.float64
    assert {p.grad.dtype for p in layer.params()} == {np.dtype("f4")}


@row("`backward` of a leaf")
def _():
    x = Variable(np.array(2.0))
    x.backward()
    assert x.grad.data == 1


@row("gradient of the Variable whose `backward()` is called")
def _():
    y = Variable(np.array(2.0)) ** 2
    y.backward()
    assert y.grad.data == 1


@row("a Variable changed before `backward`")
def _():
    x = Variable(np.array(2.0))
    y = x**2
    x.data = np.array(3.0)
    with pytest.raises(RuntimeError, match="reassigned"):
        y.backward()


@row("`copy.deepcopy` of a computed Variable")
def _():
    y = Variable(np.array(2.0)) ** 2
    with pytest.raises(TypeError, match=r"call its unchain\(\) first"):
        copy.deepcopy(y)
    y.unchain()
    assert copy.deepcopy(y).data == 4


@row("`if x:`")
def _():
    assert not Variable(np.array([0.0]))
    with pytest.raises(ValueError, match="compare it with None by `is`"):
        bool(Variable(floats(2)))


class Both(dezero.Function):
    def forward(self, x):
        return x, -x

    def backward(self, gy0, gy1):
        return gy0 - gy1


@row("several outputs of a Function")
def _():
    assert type(Both()(np.array(1.0))) is tuple


@row("a Function's `backward` that leaves out the last gradients")
def _():
    class Product(dezero.Function):
        def forward(self, x, t):
            return x * t

        def backward(self, gy):
            return gy * self.inputs[1]

    x = Variable(np.array(2.0))
    Product()(x, np.array(3.0)).backward()
    assert x.grad.data == 3
    with pytest.raises(ValueError, match="per input, 2; got 1"):
        Product()(x, Variable(np.array(3.0))).backward()


@row("one instance of a Function called twice")
def _():
    relu = F.ReLU()
    for f in relu, Sequential(F.ReLU()):
        x = Variable(np.array([-1.0, 1.0]))
        y = f(x) + f(-x)
        y.backward()
        assert x.grad.data.tolist() == [-1.0, 1.0]


@row("second derivative of `conv2d`")
def _():
    x, W = Variable(floats(1, 1, 3, 3)), Variable(floats(1, 1, 2, 2))
    F.sum(F.conv2d(x, W) ** 2).backward(create_graph=True)
    gW = W.grad
    W.cleargrad()
    gW.backward()
    shifts = [x.data[0, 0, i : i + 2, j : j + 2] for i in (0, 1) for j in (0, 1)]
    wanted = [2 * sum(np.sum(a * b) for b in shifts) for a in shifts]
    np.testing.assert_allclose(W.grad.data.ravel(), wanted)


@row("gradient of `average_pooling`, kernel not square")
def _():
    assert utils.gradient_check(F.average_pooling, floats(1, 1, 4, 6), (2, 3), 1)


@row("`pooling` with padding")
def _():
    assert F.pooling(-np.ones((1, 1, 2, 2)), 2, 1, 1).data.max() == -1


@row("`batch_nrom`")
def _():
    mean, var = np.zeros(2), np.ones(2)
    F.batch_nrom(floats(5, 2), np.ones(2), np.zeros(2), mean, var)
    assert (mean.tolist(), var.tolist()) == ([0, 0], [1, 1])
    bn = L.BatchNorm()
    bn(floats(5, 2))
    assert bn.avg_mean.data.all()


@row("`sum_to` to a shape that does not broadcast")
def _():
    with pytest.raises(ValueError, match="broadcast"):
        F.sum_to(np.ones((2, 3)), (2,))


@row("labels and ids below 0, such as -1")
def _():
    with pytest.raises(ValueError, match="labels in t, except ignore_index, must be in"):
        F.softmax_cross_entropy(floats(2, 3), np.array([0, -1]))
    with pytest.raises(ValueError, match="indexes in x must be in"):
        L.EmbedID(3, 2)(np.array([-1]))


@row("integers as images of `conv2d`")
def _():
    with pytest.raises(TypeError, match=r"astype\(np.float32\)"):
        F.conv2d(np.ones((1, 1, 3, 3), np.uint8), floats(1, 1, 2, 2))


@row("`binary_cross_entropy`")
def _():
    loss = F.binary_cross_entropy(np.array([0.9999]), np.array([0.0]))
    np.testing.assert_allclose(loss.data, -np.log(1 - 0.9999))
    with pytest.raises(ValueError, match="sigmoid_cross_entropy"):
        F.binary_cross_entropy(np.array([2.0]), np.array([0.0]))


@row("`expand_dims(x, -1)`")
def _():
    assert F.expand_dims(floats(3, 4), -1).shape == (3, 4, 1)


@row("`mean_squared_error` of different shapes")
def _():
    with pytest.raises(ValueError, match="same shape"):
        F.mean_squared_error(np.ones((3, 1)), np.ones(3))


@row("`dropout_ratio=1`")
def _():
    with pytest.raises(ValueError, match="dropout_ratio"):
        F.dropout(np.ones(3), 1.0)


@row("order of `params()`")
def _():
    model = MLP((4, 3, 2, 1))
    assert list(model.params()) == [p for layer in model.layers for p in (layer.W, layer.b)]


@row("layers in a list")
def _():
    class Net(dezero.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [L.Linear(2), L.Linear(1)]

    assert len(list(Net().params())) == 4


@row("`load_weights`")
def _():
    file = io.BytesIO()
    MLP((2,)).l0  # noqa: B018 - there, but not yet drawn
    L.Linear(2, in_size=3).save_weights(file)
    file.seek(0)
    with pytest.raises(ValueError, match="shape"):
        L.Linear(2, in_size=4).load_weights(file)


@row("`kernel_size`, `stride`, `pad` of a layer")
def _():
    layer = L.Conv2d(2, 3, stride=2, pad=1)
    assert (layer.kernel_size, layer.stride, layer.pad) == ((3, 3), (2, 2), (1, 1))


@row("`RNN(h, in_size)`")
def _():
    rnn = L.RNN(4, 3)
    rnn(np.ones((2, 3)))
    assert rnn(np.ones((2, 3))).shape == (2, 4)


def updated(hook):
    """Parameters W, b of a layer before and after an update with gradients of 3 and 4."""
    layer = L.Linear(1, in_size=1, dtype=np.float64)
    optimizer = optimizers.SGD(1.0).setup(layer)
    optimizer.add_hook(hook(layer))
    before = [p.data.copy() for p in layer.params()]
    layer.W.grad, layer.b.grad = Variable(np.full((1, 1), 3.0)), Variable(np.full(1, 4.0))
    optimizer.update()
    return [float((p.data - old).item()) for p, old in zip(layer.params(), before, strict=True)]


@row("`FreezeParam`")
def _():
    assert updated(lambda layer: optimizers.FreezeParam(layer.W)) == [0, -4]
    assert optimizers.FreezeParam(L.Linear(1, nobias=True)).freeze_params[0].data is None


@row("`ClipGrad`")
def _():
    np.testing.assert_allclose(updated(lambda layer: optimizers.ClipGrad(1.0)), [-0.6, -0.8], rtol=1e-12)


@row("ResNet")
def _():
    block = dezero.models.BuildingBlock(2, 3, 4, 8, 2)
    assert block(floats(1, 3, 6, 6, dtype=np.float32)).shape == (1, 8, 3, 3)
    assert type(block.a) is dezero.models.BottleneckA
    assert type(block.b1.conv2) is L.Conv2d


@row("SqueezeNet")
def _():
    model = dezero.models.SqueezeNet()
    with dezero.test_mode():
        y = model(floats(1, 3, 33, 33, dtype=np.float32))
    assert y.shape == (1, 1000)
    with pytest.raises(ValueError, match="pretrained"):
        dezero.models.SqueezeNet(pretrained=True)


@row("`gradient_check`")
def _():
    x = Variable(np.array([1, 2]))
    assert utils.gradient_check(lambda x: x**2, x)
    assert x.dtype.kind == "i"
    assert x.grad is None


@row("`get_dot_graph`")
def _():
    assert 'v0 [label="", color=orange' in utils.get_dot_graph(Variable(np.array(1.0)) * 2, verbose=False)


@row("`plot_dot_graph` without Graphviz")
def _():
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setenv("PATH", "")
        with pytest.warns(UserWarning, match="needs Graphviz"):
            assert utils.plot_dot_graph(Variable(np.array(1.0)) * 2) is None
    assert out.getvalue().startswith("digraph g {")


@row("core_simple")
def _():
    x = dezero.core_simple.Variable(np.array(3.0))
    y = x**2
    y.backward()
    assert (type(x.grad), float(x.grad), type(y)) == (np.ndarray, 6, Variable)
    y.backward()
    assert x.grad == 12
    x.cleargrad()
    x.backward()
    assert x.grad == 1


@row("`is_simple_core`")
def _():
    assert dezero.is_simple_core is False


@row("`Variable.matmaul`")
def _():
    assert not hasattr(Variable, "matmaul")
    assert Variable(np.eye(2)).matmul(np.ones((2, 1))).shape == (2, 1)


@row("a DataLoader without labels")
def _():
    assert next(dezero.DataLoader([(1.0, None), (2.0, None)], 2))[1] is None


@row("labels of MNIST")
def _():
    images = bytes.fromhex("00000803 00000001 0000001c 0000001c") + bytes(784)
    mnist = dezero.datasets.MNIST(source=(images, bytes.fromhex("00000801 00000001 07")))
    assert mnist.label.dtype == np.int32


@row("CIFAR-10 and CIFAR-100")
def _():
    assert dezero.datasets.CIFAR10.ADDRESS.endswith("-binary.tar.gz")
    assert dezero.datasets.CIFAR100(source=bytes([11, 98]) + bytes(3072)).label.tolist() == [98]


@row("methods `_load_data`, `_load_label` of the datasets")
def _():
    assert not hasattr(dezero.datasets.MNIST, "_load_data")


@row("import")
def _():
    code = "import sys, pyconvlite.dezero; print({'matplotlib', 'PIL'} & set(sys.modules))"
    if sys.platform != "emscripten":
        assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_every_row_has_a_check():
    table = DOCUMENT.read_text("utf-8").partition("## What differs")[2]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")]
    assert rows[1:] == list(HELD)  # without the head


@pytest.mark.parametrize("text", HELD)
def test_difference(text):
    HELD[text]()
