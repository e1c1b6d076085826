"""The optimizers' kernels and the optimizers: weights and states against float64."""

import numpy as np
import pytest
from conditions import absolute, assert_close, check_optimizer, numbers, wide

from pyconvlite import backends
from pyconvlite import optimizers as O
from pyconvlite.backends import numpy as reference
from pyconvlite.backends import webgpu

STEPS = 5
# Allowed roundings: 8 a step, since WGSL lets a quotient err by 5, and a square root by more.
# The worst seen is 8.4 in all; or 20.6 where AdaDelta divides by squares of what weight decay made small.
STATE = 8 * STEPS
SHAPES = [(), (1,), (3, 5), (4, 3, 3, 3), (0, 2), (257,)]


def given(shape, seed, scale=1.0):
    """Weights and a gradient for each step, of several magnitudes within each array."""
    magnitudes = np.float32(10) ** (numbers(*shape, seed=seed + 50) - 1) * np.float32(scale)
    gradients = [np.asarray(numbers(*shape, seed=seed + n + 1) * magnitudes) for n in range(STEPS)]
    return numbers(*shape, seed=seed), gradients


# ----------------------------------------------------------------------------------------------- the kernels

# {name: (kernel, states, settings, the gradients' sign with which all that is added has one)}
KERNELS = {
    "sgd": ("sgd", 0, (0.1,), -1),
    "momentum_sgd": ("momentum_sgd", 1, (0.1, 0.9), -1),
    "momentum_sgd, short memory": ("momentum_sgd", 1, (1.5, 0.3), -1),
    "adagrad": ("adagrad", 1, (0.1, 1e-6), -1),
    "rmsprop": ("rmsprop", 2, (0.01, 0.9, 1e-4, 0.5), -1),
    "adadelta": ("adadelta", 2, (0.9, 1e-6), -1),
    "adam": ("adam", 2, (0.01, 0.9, 0.999, 1e-8, 0.0), -1),
    "adam, short memory": ("adam", 2, (0.3, 0.5, 0.7, 1e-8, 0.0), -1),
    "adam, large eps": ("adam", 2, (0.3, 0.8, 0.99, 0.5, 0.0), -1),
    "adam, decay": ("adam", 2, (0.01, 0.9, 0.999, 1e-8, 0.05), -1),
    "adam, large decay": ("adam", 2, (0.3, 0.5, 0.7, 1e-3, 0.4), -1),
}
every = pytest.mark.parametrize("name", KERNELS)


def after_steps(module, name, rows, sign=1):
    """Weights and states of each row (weights, gradients), after all steps with a module's kernel."""
    kernel, states, settings, _ = KERNELS[name]
    now = [(W, *[backends.get_array_module(W).zeros_like(gradients[0])] * states) for W, gradients in rows]
    for n in range(STEPS):
        given = [
            (W, sign * gradients[n], *held) for (W, *held), (_, gradients) in zip(now, rows, strict=True)
        ]
        now = getattr(module, kernel)(given, *settings)
    return now


def check_kernel(name, rows, constants=(STATE,) * 3):
    """`rows`: weights and gradients, NumPy arrays; `constants`: of the weights and of each state."""

    def converted(of_weights, of_gradients):
        return [(of_weights(W), [of_gradients(g) for g in gradients]) for W, gradients in rows]

    device = converted(webgpu.asarray, lambda g: webgpu.asarray(g, np.float32))
    found = after_steps(webgpu.kernels, name, device)
    expected = after_steps(reference, name, converted(wide, wide))
    conditions = after_steps(reference, name, converted(absolute, absolute), KERNELS[name][3])
    for row in zip(found, expected, conditions, strict=True):
        for y, true, condition, constant in zip(*row, constants, strict=False):
            assert_close(y.get(), np.asarray(true), abs(condition), constant)
    return found


@every
@pytest.mark.parametrize("shape", SHAPES)
def test_kernel(name, shape):
    check_kernel(name, [given(shape, 0)])


@every
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_kernel_of_small_and_large_gradients(name, scale):
    check_kernel(name, [given((3, 5), 0, scale)])


@every
def test_many_rows(name):
    check_kernel(name, [given(shape, 10 * i) for i, shape in enumerate(SHAPES * 4)])


# A norm below the limit changes no bit; squares of 1e30 are beyond float32, and those of 1e-30 below it.
@pytest.mark.parametrize(
    ("scale", "most"),
    [
        (1, 1e3),
        (1, 0.5),
        (1, 20.0),
        (1e-30, 1.0),
        (1e-30, 1e-30),
        (1e30, 1.0),
        (1e30, 1e31),
        (1e36, 1e30),
        (0, 1.0),
    ],
)
@pytest.mark.parametrize(
    "shapes",
    [[(5,)], [(3, 5), (1,), (0, 2), (4, 3, 3, 3), ()], SHAPES * 6, [(0, 2), (0,)]],
    ids=["1", "5", "36", "empty"],
)
def test_clip_norm(shapes, scale, most):
    gradients = [np.asarray(numbers(*shape, seed=i) * np.float32(scale)) for i, shape in enumerate(shapes)]
    found = webgpu.kernels.clip_norm([webgpu.asarray(g) for g in gradients], most)
    expected = reference.clip_norm([wide(g) for g in gradients], most)
    for y, true, g in zip(found, expected, gradients, strict=True):
        assert_close(y.get(), np.asarray(true), abs(true), 32)
        if (true == g).all():
            np.testing.assert_array_equal(y.get(), g)


@pytest.mark.parametrize("values", [(np.inf,), (-np.inf,), (np.nan,), (np.inf, np.nan), (-np.inf, np.inf)])
@pytest.mark.parametrize("places", [(0, 0), (3, 1), (5, 5)])
def test_clip_norm_of_gradients_that_are_not_finite(values, places):
    """NumPy's kernel has a norm that is infinite, and scales by 0; or that is NaN, and scales by NaN."""
    gradients = [
        np.array(numbers(*shape, seed=i)) for i, shape in enumerate([(7,), (3, 5), (), (70,), (2,), (9,)])
    ]
    for value, place in zip(values, places, strict=False):
        gradients[place].flat[-1] = value
    found = webgpu.kernels.clip_norm([webgpu.asarray(g) for g in gradients], 1.0)
    with np.errstate(invalid="ignore"):
        expected = reference.clip_norm(gradients, 1.0)
    for y, true in zip(found, expected, strict=True):
        np.testing.assert_array_equal(y.get(), true)


# --------------------------------------------------------------------------------------------- the optimizers

OPTIMIZERS = {
    "SGD": lambda: O.SGD(0.1),
    "MomentumSGD": lambda: O.MomentumSGD(0.1, 0.8),
    "AdaGrad": lambda: O.AdaGrad(0.1, 1e-6),
    "RMSprop": lambda: O.RMSprop(0.01, 0.9, 1e-4, 0.5),
    "AdaDelta": lambda: O.AdaDelta(0.9),
    "Adam": lambda: O.Adam(0.01),
    "Adam, short memory": lambda: O.Adam(0.1, 0.5, 0.7, 1e-4),
    "AdamW": lambda: O.AdamW(0.1, weight_decay=0.3),
}
HOOKS = {
    "none": list,
    "weight decay": lambda: [O.WeightDecay(0.1)],
    "clipped": lambda: [O.ClipGrad(0.5)],
    "not clipped": lambda: [O.ClipGrad(1e6)],
    "both": lambda: [O.WeightDecay(0.1), O.ClipGrad(0.5)],
}


@pytest.mark.parametrize("hooks", HOOKS.values(), ids=HOOKS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, hooks):
    def make():
        optimizer = OPTIMIZERS[name]()
        for hook in hooks():
            optimizer.add_hook(hook)
        return optimizer

    weights, gradients = zip(*(given(shape, 10 * i) for i, shape in enumerate(SHAPES)), strict=True)
    check_optimizer(make, weights, list(zip(*gradients, strict=True)), STATE, webgpu.asarray)
