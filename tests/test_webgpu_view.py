"""backends/webgpu/view.py: shapes and strides, which need no device, against NumPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pyconvlite.backends.webgpu.view import View, collapse, reshaped_strides, row_strides

MEMORY = np.arange(1000, dtype=np.int32)


def view(shape):
    return View(None, shape, np.dtype(np.int32), row_strides(shape))


def elements(w):
    """The elements of MEMORY that a view has."""
    strides = [4 * s for s in w.strides]
    return np.lib.stride_tricks.as_strided(MEMORY[w.offset :], w.shape, strides)


@st.composite
def views(draw):
    """A view and NumPy's array, after some operations without a copy."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, max_side=4))
    w = view(shape)
    x = elements(w)
    for step in draw(st.lists(st.sampled_from(["transpose", "index", "broadcast"]), max_size=3)):
        if step == "transpose":
            axes = tuple(draw(st.permutations(range(x.ndim))))
            w, x = w.transpose(axes), x.transpose(axes)
        elif step == "index":
            index = draw(hnp.basic_indices(x.shape, max_dims=6, allow_newaxis=True))
            index = index if isinstance(index, tuple) else (index,)
            w, x = w.view_at(index), x[(*index, ...)] if Ellipsis not in index else x[index]
        else:
            w, x = w.broadcast_to((2, *x.shape)), np.broadcast_to(x, (2, *x.shape))
    return w, x


@given(views())
def test_views_equal_numpy(given_views):
    w, x = given_views
    assert (w.shape, w.ndim, w.size) == (x.shape, x.ndim, x.size)
    np.testing.assert_array_equal(elements(w), x)
    np.testing.assert_array_equal(elements(w.T), x.T)
    np.testing.assert_array_equal(elements(w.squeeze()), x.squeeze())
    if w.is_contiguous:
        assert x.flags.c_contiguous or x.size <= 1


@given(views(), st.data())
def test_reshapes_without_a_copy_where_numpy_does(given_views, data):
    w, x = given_views
    shape = data.draw(st.sampled_from(shapes_of(x.size)))
    strides = reshaped_strides(w, shape)
    if x.size:
        assert (strides is not None) == np.shares_memory(x.reshape(shape), x)
    if strides is not None:
        shown = View(None, shape, w.dtype, tuple(strides), w.offset)
        np.testing.assert_array_equal(elements(shown), x.reshape(shape))


def shapes_of(size):
    """Some shapes of so many elements."""
    shapes = [(size,), (1, size), (size, 1, 1)]
    for n in range(2, size + 1):
        if size and size % n == 0:
            shapes += [(n, size // n), (1, n, 1, size // n)]
            shapes += [(n, m, size // n // m) for m in range(2, size // n) if size // n % m == 0]
    return shapes


@given(views())
def test_collapsing_keeps_the_order(given_views):
    w, x = given_views
    sizes, [steps] = collapse(w.shape, [w.strides])
    assert 1 not in sizes
    shown = View(None, tuple(sizes), w.dtype, tuple(steps), w.offset)
    np.testing.assert_array_equal(elements(shown).ravel(), x.ravel())


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda w: w.transpose(0, 2), ValueError, "axis 2 is out of bounds for an array with 2 axes"),
        (lambda w: w.transpose(0, 0), ValueError, "each of the 2 axes once"),
        (lambda w: w.swapaxes(0, -3), ValueError, "axis -3"),
        (lambda w: w.squeeze(1), ValueError, r"axis 1 for shape \(2, 3\)"),
        (lambda w: w.broadcast_to((2, 4)), ValueError, r"\(2, 4\)"),
        (lambda w: w.view_at((2,)), IndexError, "index 2 is out of bounds for axis 0 with size 2"),
        (lambda w: w.view_at((0, 0, 0)), IndexError, "too many indices, 3"),
        (lambda w: w.view_at((1.5,)), TypeError, "integers, None and ...; got float"),
        (lambda w: w.view_at((True,)), TypeError, "where"),
        (lambda w: len(w.view_at((0, 0))), TypeError, "no length"),
    ],
)
def test_refuses(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong(view((2, 3)))


def test_iterates_over_the_first_axis():
    assert [w.offset for w in view((3, 2))] == [0, 2, 4]
