"""backends/webgpu/matmul.py: matrix products and tensordot, compared with NumPy's."""

import numpy as np
import pytest
from conditions import PRODUCT, assert_sums, scaled
from hypothesis import given
from hypothesis import strategies as st

from pyconvlite.backends import webgpu

rng = np.random.default_rng(0)


def floats(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def same(f, *arrays):
    """f on the device and in float64."""
    assert_sums(f(*map(webgpu.asarray, arrays)).get(), f, *arrays, constant=PRODUCT)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.sampled_from([(), (2,), (2, 1)]))
def test_matmul(M, K, P, lead):
    a, b = floats(*lead, M, K), floats(K, P)
    a, b = scaled(a, -2, -1), scaled(b, -2, -1, seed=1)
    same(lambda a, b: a @ b, a, b)
    same(lambda a, b: b.T @ a.swapaxes(-1, -2), a, b)


def test_matmul_of_vectors():
    a, b = floats(2, 3, 4), floats(4, 5)
    for operands in ((a, b[:, 0]), (b[:, 1], b), (b[:, 1], b[:, 0]), (a[:0], b)):
        same(lambda a, b: a @ b, *operands)


@pytest.mark.parametrize("lead", [(), (2,), (2, 3), (0, 2)])
def test_matmul_over_an_empty_axis_is_zero(lead):
    y = webgpu.ones((*lead, 4, 0)) @ webgpu.ones((*lead, 0, 5))
    np.testing.assert_array_equal(y.get(), np.zeros((*lead, 4, 5), np.float32), strict=True)


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((3,), (2, 3)), ((), (3, 3)), ((3, 3), ())])
def test_matmul_refuses(shapes):
    a, b = (webgpu.ones(shape) for shape in shapes)
    with pytest.raises(ValueError, match="the same K"):
        a @ b


@given(st.data())
def test_tensordot(data):
    sizes = st.lists(st.integers(0, 4), max_size=3)
    summed, left, right = data.draw(sizes), data.draw(sizes), data.draw(sizes)
    a_order = data.draw(st.permutations(range(len(left + summed))))
    b_order = data.draw(st.permutations(range(len(summed + right))))
    a = floats(*[(left + summed)[i] for i in a_order])
    b = floats(*[(summed + right)[i] for i in b_order])
    a_axes = [a_order.index(len(left) + i) for i in range(len(summed))]
    b_axes = [b_order.index(i) - len(b_order) for i in range(len(summed))]
    axes = a_axes, b_axes
    before = webgpu.memory()["reads"]
    y = webgpu.tensordot(webgpu.asarray(a), webgpu.asarray(b), axes)
    assert webgpu.memory()["reads"] == before
    assert_sums(y.get(), lambda a, b: np.tensordot(a, b, axes), a, b, constant=PRODUCT)


@pytest.mark.parametrize("axes", [0, 1, 2, (0, 1), ([1, 0], (0, 1)), ((), ())])
def test_tensordot_axes(axes):
    a, b = floats(3, 3), floats(3, 3, 2)
    y = webgpu.tensordot(webgpu.asarray(a), webgpu.asarray(b), axes)
    assert_sums(y.get(), lambda a, b: np.tensordot(a, b, axes), a, b, constant=PRODUCT)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (-1, "from 0 to 2"),
        (3, "from 0 to 2"),
        (1, "different lengths"),
        ((0, 3), "out of bounds"),
        (([0, 1], [0]), "different lengths"),
        (([0, 0], [0, 0]), "once"),
        ((0, 1, 2), "an integer or a pair"),
    ],
)
def test_tensordot_refuses(axes, message):
    a, b = webgpu.ones((2, 3)), webgpu.ones((2, 3, 4))
    with pytest.raises(ValueError, match=message):
        webgpu.tensordot(a, b, axes)


def test_products_refuse_integers():
    for product in (webgpu.matmul, webgpu.tensordot):
        with pytest.raises(TypeError, match="float32"):
            product(webgpu.ones((2, 2)), webgpu.arange(4).reshape(2, 2))
