import math

import numpy as np
import pytest

import pyconvlite.layers as L
from pyconvlite import Parameter, Variable, test_mode
from pyconvlite.models import Sequential
from pyconvlite.optimizers import SGD, ClipGrad, FreezeParam, WeightDecay


def parameter(value, grad=None, dtype=np.float64):
    param = Parameter(np.array(value, dtype))
    param.grad = None if grad is None else Variable(np.array(grad, dtype))
    return param


HOOKS = [WeightDecay(0.5), ClipGrad(1.0)]
hooks = pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: type(hook).__name__)


def test_weight_decay_adds_the_scaled_weight():
    W = parameter([2.0, -4.0], [1.0, 1.0])
    WeightDecay(0.25)([W])
    np.testing.assert_array_equal(W.grad.data, [1.5, 0.0])
    np.testing.assert_array_equal(W.data, [2.0, -4.0])


def test_clip_grad_scales_all_by_one_factor():
    rng = np.random.default_rng(0)
    params = [parameter(np.zeros(shape), rng.standard_normal(shape)) for shape in [(2, 3), (4,), ()]]
    before = np.concatenate([param.grad.data.ravel() for param in params])
    ClipGrad(0.5)(params)
    after = np.concatenate([param.grad.data.ravel() for param in params])
    assert np.linalg.norm(after) == pytest.approx(0.5)
    np.testing.assert_allclose(after, before * 0.5 / np.linalg.norm(before))


def test_clip_grad_keeps_short_gradients():
    W = parameter([0.0, 0.0], [3.0, 4.0])
    grad = W.grad
    ClipGrad(5.0)([W])
    assert W.grad is grad


def test_clip_grad_of_zero_or_missing_gradients():
    W = parameter([0.0], [0.0])
    ClipGrad(1.0)([W])
    assert W.grad.item() == 0
    ClipGrad(1.0)([])


def test_clip_grad_where_float16_squares_overflow():
    W = parameter([0.0, 0.0], [3e4, 4e4], np.float16)
    ClipGrad(5.0)([W])
    np.testing.assert_allclose(W.grad.data, [3.0, 4.0], rtol=1e-3)


@hooks
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gradients_are_replaced_in_their_parameters_dtype(hook, dtype):
    W = parameter([2.0], [8.0], dtype)
    W.grad = Variable(np.array([8.0]))  # float64, whatever W is
    array = W.grad.data
    array.flags.writeable = False
    hook([W])
    assert W.grad.data is not array
    assert W.grad.dtype == dtype
    np.testing.assert_array_equal(array, [8.0])


@hooks
def test_parameters_without_a_gradient_are_skipped(hook):
    W, lazy, b = parameter([1.0]), Parameter(None), parameter([1.0], [8.0])
    hook([W, lazy, b])
    assert W.grad is None
    assert lazy.grad is None
    assert b.grad is not None


def test_freeze_param_drops_gradients_of_layers_and_parameters():
    model = Sequential(*[L.Linear(2, in_size=2) for _ in range(3)])
    first, second, third = model.layers
    optimizer = SGD(lr=0.5).setup(model)
    optimizer.add_hook(FreezeParam(first, second.W))
    for param in model.params():
        param.grad = Variable(np.ones_like(param.data))
    before = {id(param): param.data for param in model.params()}
    optimizer.update()
    moved = [name for name, param in model.named_params() if param.data is not before[id(param)]]
    assert moved == ["layers/1/b", "layers/2/W", "layers/2/b"]
    optimizer.update()  # the frozen ones have no gradient any more
    assert third.W.data is not before[id(third.W)]


@pytest.mark.parametrize("order", [1, -1])
def test_hooks_combine_in_any_order(order):
    frozen, free = L.Linear(1, in_size=1, nobias=True), L.Linear(1, in_size=1, nobias=True)
    model = Sequential(frozen, free)
    optimizer = SGD(lr=1.0).setup(model)
    for hook in [FreezeParam(frozen), WeightDecay(0.1), ClipGrad(0.5)][::order]:
        optimizer.add_hook(hook)
    kept = frozen.W.data
    for param in model.params():
        param.grad = Variable(np.full((1, 1), 10.0, np.float32))
    optimizer.update()
    assert frozen.W.data is kept
    assert free.W.dtype == np.float32


def test_freeze_param_of_a_lazy_model():
    model = Sequential(L.Linear(2), L.BatchNorm())
    freeze = FreezeParam(model)
    x = np.array([[1.0], [2.0]], np.float32)
    model(x)
    with test_mode():
        y = model(x)
    y.backward()
    freeze(list(model.params()))
    assert all(param.grad is None for param in model.params())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: WeightDecay(-1), ValueError, "rate must be at least 0; got -1"),
        (lambda: ClipGrad(0), ValueError, "max_norm must be above 0; got 0"),
        (lambda: ClipGrad(math.nan), ValueError, "max_norm must be a finite number; got nan"),
        (lambda: ClipGrad("a"), TypeError, "max_norm must be a number; got 'a'"),
        (lambda: FreezeParam([L.Linear(1)]), TypeError, "layers must be .*; got list at index 0"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_clip_grad_where_float64_squares_overflow():
    W, b = Parameter(np.zeros(2)), Parameter(np.zeros(1, np.float32))
    W.grad, b.grad = Variable(np.array([3e200, -4e200])), Variable(np.ones(1, np.float32))
    ClipGrad(1.0)([W, b])
    np.testing.assert_allclose(W.grad.data, [0.6, -0.8])
    assert b.grad.data == 0


def test_clip_grad_where_float32_squares_overflow():
    W = Parameter(np.zeros(2, np.float32))
    W.grad = Variable(np.array([1e30, 1e30], np.float32))
    ClipGrad(1.0)([W])
    np.testing.assert_allclose(W.grad.data, np.sqrt(0.5), rtol=1e-6)


def test_class_as_a_hook_is_refused():
    with pytest.raises(TypeError, match=r"f must be an instance; got a class: write WeightDecay\(\.\.\.\)"):
        SGD().add_hook(WeightDecay)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("first", "clipped"),
    [
        ([np.nan, 1], [np.nan, np.nan, np.nan]),
        ([np.inf, np.nan], [np.nan] * 3),
        ([-np.inf, 1], [np.nan, 0, 0]),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of infinity times 0
def test_clip_grad_with_a_nonfinite_gradient(first, clipped, dtype):
    W, b = Parameter(np.zeros(2, dtype)), Parameter(np.zeros(1, dtype))
    W.grad, b.grad = Variable(np.array(first, dtype)), Variable(np.array([0.5], dtype))
    ClipGrad(10.0)([W, b])
    np.testing.assert_array_equal(np.concatenate([W.grad.data, b.grad.data]), clipped)
