import gc
import itertools
import math

import numpy as np
import pytest
from shorthands import OPTIMIZERS

import pyconvlite.layers as L
from pyconvlite import Layer, Parameter, Variable
from pyconvlite.models import Sequential
from pyconvlite.optimizers import (
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    MomentumSGD,
    Optimizer,
    RMSprop,
)
from pyconvlite.optimizers.base import Elementwise

DTYPES = [np.float16, np.float32, np.float64]


class One(Layer):
    """A layer of one Parameter."""

    def __init__(self, data, dtype=np.float64):
        self.w = Parameter(np.array(data, dtype=dtype))


def step(optimizer, layer, grad):
    layer.w.grad = Variable(np.array(grad, dtype=layer.w.dtype))
    optimizer.update()


# The algorithms on single numbers, as their papers state them.


def sgd(w, grads, lr):
    for g in grads:
        w = w - lr * g
    return w


def momentum_sgd(w, grads, lr, momentum):
    v = 0.0
    for g in grads:
        v = momentum * v - lr * g
        w = w + v
    return w


def adam(w, grads, alpha, beta1, beta2, eps):
    m = v = 0.0
    for t, g in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        # eps as in the efficient order of computation: outside of the correction
        w = w - alpha * m_hat / (math.sqrt(v_hat) + eps / math.sqrt(1 - beta2**t))
    return w


def adagrad(w, grads, lr, eps):
    h = 0.0
    for g in grads:
        h = h + g**2
        w = w - lr * g / (math.sqrt(h) + eps)
    return w


def rmsprop(w, grads, lr, alpha, eps, momentum):
    square = v = 0.0
    for g in grads:
        square = alpha * square + (1 - alpha) * g**2
        v = momentum * v + g / (math.sqrt(square) + eps)
        w = w - lr * v
    return w


def adadelta(w, grads, rho, eps):
    mean_g2 = mean_dx2 = 0.0
    for g in grads:
        mean_g2 = rho * mean_g2 + (1 - rho) * g**2
        dx = math.sqrt(mean_dx2 + eps) / math.sqrt(mean_g2 + eps) * g
        mean_dx2 = rho * mean_dx2 + (1 - rho) * dx**2
        w = w - dx
    return w


def adamw(w, grads, alpha, beta1, beta2, eps, weight_decay):
    steps = [adam(0.0, grads[:t], alpha, beta1, beta2, eps) for t in range(len(grads) + 1)]
    for before, after in itertools.pairwise(steps):
        w = w - alpha * weight_decay * w + (after - before)
    return w


ORACLES = [
    (SGD, sgd, {"lr": 0.1}),
    (MomentumSGD, momentum_sgd, {"lr": 0.1, "momentum": 0.8}),
    (AdaGrad, adagrad, {"lr": 0.1, "eps": 1e-2}),
    (RMSprop, rmsprop, {"lr": 0.05, "alpha": 0.8, "eps": 1e-2, "momentum": 0.5}),
    (RMSprop, rmsprop, {"lr": 0.05, "alpha": 0.8, "eps": 1e-2, "momentum": 0.0}),
    (AdaDelta, adadelta, {"rho": 0.8, "eps": 1e-2}),
    (AdamW, adamw, {"alpha": 0.1, "beta1": 0.7, "beta2": 0.9, "eps": 1e-2, "weight_decay": 0.3}),
    (Adam, adam, {"alpha": 0.1, "beta1": 0.7, "beta2": 0.9, "eps": 1e-2}),
]
oracles = pytest.mark.parametrize(("make", "oracle", "settings"), ORACLES)


@oracles
@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_equal_the_scalar_algorithm(make, oracle, settings, dtype):
    rng = np.random.default_rng(0)
    start = rng.standard_normal((2, 3)).astype(dtype)
    grads = rng.standard_normal((20, 2, 3)).astype(dtype)
    layer = One(start, dtype)
    optimizer = make(**settings).setup(layer)
    for grad in grads:
        step(optimizer, layer, grad)
        assert layer.w.dtype == dtype
    expected = [
        oracle(float(w), g, **settings) for w, g in zip(start.flat, grads.reshape(20, 6).T, strict=True)
    ]
    # weights below 8, rounded at each of 20 steps by half a unit of their last place: 2^-8 in float16
    tolerance = {np.float16: 20 * 2**-9, np.float32: 20 * 2**-22, np.float64: 1e-13}[dtype]
    np.testing.assert_allclose(layer.w.data.flat, expected, rtol=0, atol=tolerance)


@oracles
def test_parameter_that_joins_later_starts_at_its_first_step(make, oracle, settings):
    """Its bias correction counts its own updates; so the head of a net may train before the rest does."""
    rng = np.random.default_rng(0)
    grads = rng.standard_normal(60)
    model = Sequential(One(0.5), One(0.25))
    early, late = model.layers
    optimizer = make(**settings).setup(model)
    for i, g in enumerate(grads):
        early.w.grad = Variable(np.array(g))
        late.w.grad = Variable(np.array(g)) if i >= 40 else None
        optimizer.update()
    np.testing.assert_allclose(early.w.data, oracle(0.5, grads, **settings), rtol=1e-12)
    np.testing.assert_allclose(late.w.data, oracle(0.25, grads[40:], **settings), rtol=1e-12)


@oracles
def test_updates_without_a_gradient_are_not_counted(make, oracle, settings):
    """As in PyTorch, which counts the steps of each parameter."""
    rng = np.random.default_rng(0)
    grads = rng.standard_normal(60)
    misses = {"now and then": range(1, 60, 3), "for a while": range(20, 40), "from the start": range(30)}
    model = Sequential(One(0.5), *(One(0.25) for _ in misses))
    always, *others = model.layers
    optimizer = make(**settings).setup(model)
    for i, g in enumerate(grads):
        always.w.grad = Variable(np.array(g))
        for layer, missed in zip(others, misses.values(), strict=True):
            layer.w.grad = None if i in missed else Variable(np.array(g))
        optimizer.update()
    np.testing.assert_allclose(always.w.data, oracle(0.5, grads, **settings), rtol=1e-12)
    for layer, missed in zip(others, misses.values(), strict=True):
        given = [g for i, g in enumerate(grads) if i not in missed]
        np.testing.assert_allclose(layer.w.data, oracle(0.25, given, **settings), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "defaults"),
    [
        (SGD, {"lr": 0.01}),
        (MomentumSGD, {"lr": 0.01, "momentum": 0.9}),
        (AdaGrad, {"lr": 0.001, "eps": 1e-8}),
        (AdaDelta, {"rho": 0.95, "eps": 1e-6}),
        (RMSprop, {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0}),
        (Adam, {"alpha": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}),
        (AdamW, {"alpha": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}),
    ],
)
def test_defaults_equal_dezero_or_pytorch(make, defaults):
    assert {name: getattr(make(), name) for name in defaults} == defaults
    assert {name: getattr(make(*defaults.values()), name) for name in defaults} == defaults
    assert repr(make()) == f"{make.__name__}({', '.join(f'{k}={v}' for k, v in defaults.items())})"


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_float16_learns_from_small_gradients(make):
    """1e-4 squared, and Adam's eps, are zero in float16."""
    layer = One([0.0], np.float16)
    optimizer = make().setup(layer)
    for _ in range(5):
        step(optimizer, layer, [1e-4])
    assert np.isfinite(layer.w.data).all()
    assert layer.w.data[0] < 0


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtype_is_kept_with_numpy_rates_and_wider_gradients(make, dtype):
    layer = One([1.0], dtype)
    optimizer = make(*[np.float64(value) for value in vars(make()).values() if isinstance(value, float)])
    optimizer.setup(layer)
    for _ in range(2):
        layer.w.grad = Variable(np.array([0.5]))  # float64
        optimizer.update()
        assert layer.w.dtype == dtype
    for name in optimizer.states:
        (state,) = getattr(optimizer, name).values()
        assert state.dtype == (np.float32 if dtype is np.float16 else dtype)


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_arrays_are_never_written_to(make):
    layer = One([1.0, 2.0])
    optimizer = make().setup(layer)
    grad = np.array([0.5, -0.5])
    before, kept = layer.w.data, layer.w.data.copy()
    before.flags.writeable = grad.flags.writeable = False
    for _ in range(3):
        layer.w.grad = Variable(grad)
        optimizer.update()
    np.testing.assert_array_equal(before, kept)
    np.testing.assert_array_equal(grad, [0.5, -0.5])
    assert not np.shares_memory(layer.w.data, before)


@pytest.mark.parametrize("make", [make for make in OPTIMIZERS if make is not AdamW])
def test_zero_gradient_changes_nothing(make):
    layer = One([1.0], np.float32)
    step(make().setup(layer), layer, [0.0])
    np.testing.assert_array_equal(layer.w.data, [1.0])


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_0d_parameter_stays_an_array(make):
    layer = One(1.0, np.float32)
    step(make().setup(layer), layer, 0.5)
    assert (type(layer.w.data), layer.w.shape, layer.w.dtype) == (np.ndarray, (), np.float32)


def test_parameters_without_gradient_or_data_are_skipped():
    model = Sequential(L.Linear(2, in_size=1), L.Linear(1))
    W = model.layers[0].W
    before = W.data
    optimizer = Adam().setup(model)
    optimizer.update()
    assert W.data is before
    assert model.layers[1].W.data is None


def test_setup_returns_the_optimizer_and_keeps_the_target():
    layer = One([1.0])
    optimizer = SGD()
    assert optimizer.setup(layer) is optimizer
    assert optimizer.target is layer


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_setup_discards_state(make):
    used, fresh = One([1.0]), One([1.0])
    optimizer = make().setup(used)
    step(optimizer, used, [1.0])
    optimizer.setup(used)
    used.w.data = np.array([1.0])
    step(optimizer, used, [0.5])
    step(make().setup(fresh), fresh, [0.5])
    np.testing.assert_array_equal(used.w.data, fresh.w.data)


def test_state_is_freed_with_its_parameter():
    layer = One([1.0])
    optimizer = Adam().setup(layer)
    step(optimizer, layer, [1.0])
    layer.w = Parameter(np.zeros(3))
    gc.collect()
    step(optimizer, layer, [1.0, 1.0, 1.0])
    assert len(optimizer.ms) == len(optimizer.vs) == 1


def test_rate_changed_between_updates():
    layer = One([1.0])
    optimizer = SGD(lr=0.5).setup(layer)
    step(optimizer, layer, [1.0])
    optimizer.lr = 0.25
    step(optimizer, layer, [1.0])
    assert layer.w.item() == 0.25


def test_adam_lr_is_bias_corrected():
    layer = One([1.0])
    optimizer = Adam(alpha=0.5, beta1=0.5, beta2=0.75).setup(layer)
    assert optimizer.lr == pytest.approx(0.5 * math.sqrt(0.25) / 0.5)  # of the first update, before it
    for t in (1, 2, 3):
        step(optimizer, layer, [1.0])
        assert optimizer.t == t
        assert optimizer.lr == pytest.approx(0.5 * math.sqrt(1 - 0.75**t) / (1 - 0.5**t))


def test_hooks_run_in_order():
    model = Sequential(L.Linear(2, in_size=1, dtype=np.float64), L.Linear(1))
    seen = []
    optimizer = SGD(lr=1.0).setup(model)
    optimizer.add_hook(lambda params: seen.append(("first", params)))
    optimizer.add_hook(lambda params: seen.append(("second", params)))
    W = model.layers[0].W
    W.grad = Variable(np.ones((1, 2)))
    optimizer.update()
    assert [name for name, _ in seen] == ["first", "second"]
    assert all(len(params) == 1 and params[0] is W for _, params in seen)


def test_hooks_may_change_and_drop_gradients():
    layer, frozen = One([1.0]), One([1.0])
    model = Sequential()
    model.layers = [layer, frozen]

    def double_and_freeze(params):
        layer.w.grad = layer.w.grad * 2
        frozen.w.cleargrad()

    optimizer = SGD(lr=0.25).setup(model)
    optimizer.add_hook(double_and_freeze)
    layer.w.grad, frozen.w.grad = Variable(np.array([1.0])), Variable(np.array([1.0]))
    optimizer.update()
    assert (layer.w.item(), frozen.w.item()) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(lr=-1), "lr must be at least 0; got -1"),
        (lambda: SGD(lr=math.nan), "lr must be .* got nan"),
        (lambda: SGD(lr=math.inf), "lr must be .* got inf"),
        (lambda: MomentumSGD(momentum=1.0), "momentum must be at least 0 and below 1; got 1.0"),
        (lambda: MomentumSGD(momentum=-0.1), "momentum must be at least 0 and below 1; got -0.1"),
        (lambda: MomentumSGD(lr=-0.1), "lr must be .* got -0.1"),
        (lambda: Adam(alpha=-0.1), "alpha must be .* got -0.1"),
        (lambda: Adam(beta1=1), "beta1 must be at least 0 and below 1; got 1"),
        (lambda: Adam(beta2=1), "beta2 must be at least 0 and below 1; got 1"),
        (lambda: Adam(eps=0), "eps must be above 0; got 0"),
        (lambda: AdaGrad(lr=-1), "lr must be .* got -1"),
        (lambda: AdaGrad(eps=0), "eps must be above 0; got 0"),
        (lambda: RMSprop(lr=-1), "lr must be at least 0; got -1"),
        (lambda: RMSprop(alpha=1), "alpha must be at least 0 and below 1; got 1"),
        (lambda: RMSprop(eps=0), "eps must be above 0; got 0"),
        (lambda: RMSprop(momentum=1), "momentum must be at least 0 and below 1; got 1"),
        (lambda: AdaDelta(rho=1), "rho must be at least 0 and below 1; got 1"),
        (lambda: AdaDelta(eps=math.inf), "eps must be a finite number; got inf"),
        (lambda: AdamW(beta1=1), "beta1 must be at least 0 and below 1; got 1"),
        (lambda: AdamW(weight_decay=-0.1), "weight_decay must be .* got -0.1"),
    ],
)
def test_arguments_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_update_before_setup(make):
    with pytest.raises(RuntimeError, match=r"call setup\(model\) before update"):
        make().update()


def test_parts_of_a_model_with_different_rates():
    one, two, three = One([1.0]), One([1.0]), One([1.0])
    optimizers = SGD(0.5).setup([one, two.w]), SGD(0.25).setup([three])
    for layer in (one, two, three):
        layer.w.grad = Variable(np.ones(1))
    for optimizer in optimizers:
        optimizer.update()
    assert [layer.w.data.item() for layer in (one, two, three)] == [0.5, 0.5, 0.75]


def test_setup_without_parts():
    with pytest.raises(ValueError, match="at least one Layer or Parameter"):
        SGD().setup([])


def test_the_rate_of_adam_is_alpha():
    with pytest.raises(AttributeError, match=r"lr is read-only.*; set alpha instead"):
        Adam().lr = 0.1


def test_setup_rejects_other_types():
    with pytest.raises(TypeError, match=r"target must be a Layer, a Model, or a list of .*; got int"):
        SGD().setup(3)
    with pytest.raises(TypeError, match=r"target must be a Layer, a Model, or a list of .*; got list"):
        SGD().setup([[One([1.0])]])
    with pytest.raises(TypeError, match=r"target must be an instance; got a class: write One\(\)"):
        SGD().setup(One)


def test_hook_must_be_callable():
    with pytest.raises(TypeError, match="f must be callable; got float"):
        SGD().add_hook(0.1)


def test_a_subclass_without_update_one():
    layer = One([1.0])
    with pytest.raises(NotImplementedError, match="Optimizer does not define update_one"):
        step(Optimizer().setup(layer), layer, [1.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(lr="fast"), "lr must be a number; got 'fast'"),
        (lambda: MomentumSGD(momentum=None), "momentum must be a number; got None"),
        (lambda: Adam(eps="small"), "eps must be a number; got 'small'"),
    ],
)
def test_non_numeric_arguments_are_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_subclass_with_update_one(make):
    class Halved(make):
        def update_one(self, param):
            before = param.data
            super().update_one(param)
            param.data = (before + param.data) / 2

    moved = []
    for kind in (make, Halved):
        layer = One([1.0, -2.0])
        step(kind().setup(layer), layer, [3.0, 4.0])
        moved.append(layer.w.data - [1.0, -2.0])
    np.testing.assert_allclose(moved[1], moved[0] / 2, rtol=1e-9)


def test_a_subclass_without_rule():
    layer = One([1.0])
    with pytest.raises(NotImplementedError, match="Elementwise does not define rule"):
        step(Elementwise().setup(layer), layer, [1.0])
