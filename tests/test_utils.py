"""utils.py: sizes, shapes, random numbers, the cache folder."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import oracles
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import pyconvlite
from pyconvlite import Variable, utils
from pyconvlite.utils import cache_dir, get_conv_outsize, get_deconv_outsize, pair, rng


class Index:
    """An integer type of another library."""

    def __index__(self):
        return 3


class TestPair:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (2, (2, 2)),
            (0, (0, 0)),
            (-1, (-1, -1)),
            (np.int64(2), (2, 2)),
            (np.uint8(2), (2, 2)),
            (np.array(2), (2, 2)),
            (Index(), (3, 3)),
            ((1, 2), (1, 2)),
            ([1, 2], (1, 2)),
            ((np.int32(1), Index()), (1, 3)),
        ],
    )
    def test_valid_arguments(self, given, expected):
        result = pair(given)
        assert result == expected
        assert [type(n) for n in (result, *result)] == [tuple, int, int]

    @pytest.mark.parametrize("given", [(1,), (1, 2, 3), [], (), ((1, 2), (3, 4), 5)], ids=repr)
    def test_refuses_other_lengths(self, given):
        with pytest.raises(ValueError, match="stride") as error:
            pair(given, "stride")
        assert repr(given) in str(error.value)

    @pytest.mark.parametrize(
        "given",
        [
            *[
                True,
                np.True_,
                1.0,
                1.5,
                np.float64(1),
                Fraction(2),
                "1",
                "12",
                None,
                {1, 2},
                {1: 2},
                range(2),
            ],
            *[(1, 1.0), (True, 1), [1, None], ("1", "2"), ((1, 2), 3), np.array([1, 2])],
        ],
        ids=repr,
    )
    def test_rejects_non_integers(self, given):
        with pytest.raises(TypeError, match="stride") as error:
            pair(given, "stride")
        assert repr(given) in str(error.value)


# size, kernel, stride, pad, dilation
axes = st.tuples(*[st.integers(*ends) for ends in [(1, 12), (1, 4), (1, 5), (0, 4), (1, 3)]])


class TestOutsizes:
    @pytest.mark.parametrize(
        ("args", "expected"),
        [((4, 3, 1, 1), 4), ((7, 5, 1, 0), 3), ((28, 2, 2, 0), 14), ((5, 2, 2, 0), 2), ((7, 3, 1, 0, 3), 1)],
    )
    def test_conv(self, args, expected):
        assert get_conv_outsize(*args) == expected

    @pytest.mark.parametrize(
        ("args", "expected"),
        [((4, 3, 1, 1), 4), ((3, 5, 1, 0), 7), ((14, 2, 2, 0), 28), ((1, 3, 1, 0, 3), 7)],
    )
    def test_deconv(self, args, expected):
        assert get_deconv_outsize(*args) == expected

    @given(axes)
    def test_conv_counts_the_positions(self, axis):
        expected = oracles.outsize(*axis)
        if expected:
            assert get_conv_outsize(*axis) == expected
        else:
            with pytest.raises(ValueError, match="kernel"):
                get_conv_outsize(*axis)

    @given(axes)
    def test_deconv_is_the_smallest_inverse_of_conv(self, axis):
        size, *settings = axis
        try:
            n = get_deconv_outsize(*axis)
        except ValueError:
            reject()
        assert oracles.outsize(n, *settings) == size
        assert oracles.outsize(n - 1, *settings) < size

    @pytest.mark.parametrize("f", [get_conv_outsize, get_deconv_outsize])
    def test_small_integer_types_do_not_overflow(self, f):
        args = [250, 3, 2, 5, 2]
        result = f(*map(np.uint8, args))
        assert (result, type(result)) == (f(*args), int)

    @pytest.mark.parametrize(
        ("args", "error", "words"),
        [
            ((2, 5, 1, 1), ValueError, r"kernel_size 5 is larger .* 2 \+ 2 \* 1 = 4;"),
            ((4, 3, 1, 0, 2), ValueError, r"kernel_size 3 .* 5\) is larger .* 4 \+ 2 \* 0 = 4;"),
            ((0, 1, 1, 0), ValueError, r"kernel_size 1 is larger .* 0 \+ 2 \* 0 = 0;"),
            ((4, 0, 1, 0), ValueError, "kernel_size.*0"),
            ((4, 3, 0, 0), ValueError, "stride.*0"),
            ((4, 3, -1, 0), ValueError, "stride.*-1"),
            ((4, 3, 1, -1), ValueError, "pad.*-1"),
            ((4, 3, 1, 1, 0), ValueError, "dilation.*0"),
            ((-1, 3, 1, 3), ValueError, "input_size .* got -1"),
            ((4, 3, 1.0, 0), TypeError, "stride.*1.0"),
            ((4, 3.0, 1, 0), TypeError, "kernel_size.*3.0"),
            ((4, 3, 1, True), TypeError, "pad.*True"),
            ((4.0, 3, 1, 0), TypeError, "input_size .* got 4.0"),
        ],
    )
    def test_conv_refuses(self, args, error, words):
        with pytest.raises(error, match=words):
            get_conv_outsize(*args)

    @pytest.mark.parametrize(
        ("args", "error", "words"),
        [
            ((1, 1, 1, 1), ValueError, "pad 1, dilation 1 has output size -1;"),
            ((2, 3, 1, 2), ValueError, "pad 2, dilation 1 has output size 0;"),
            ((0, 3, 1, 0), ValueError, "size.*0"),
            ((2, 3, 0, 0), ValueError, "stride .* got 0"),
            ((2, 3, 1, -1), ValueError, "pad .* got -1"),
            ((2, 3, 1.5, 0), TypeError, "stride .* got 1.5"),
        ],
    )
    def test_deconv_refuses(self, args, error, words):
        with pytest.raises(error, match=words):
            get_deconv_outsize(*args)


class TestSumTo:
    @pytest.mark.parametrize("shape", [(2, 3, 4), (1, 3, 1), (3, 1), (4,), (1,), (), (1, 1, 1)])
    def test_is_the_adjoint_of_broadcast_to(self, shape):
        x = np.random.default_rng(0).standard_normal((2, 3, 4))
        y = utils.sum_to(x, shape)
        assert y.shape == shape
        # <x, broadcast(c)> == <sum_to(x), c>
        c = np.random.default_rng(1).standard_normal(shape)
        np.testing.assert_allclose(np.sum(x * c), np.sum(y * c))

    def test_axes_of_length_one_and_zero(self):
        assert utils.sum_to(np.ones((1, 3)), (1, 1)).item() == 3
        np.testing.assert_array_equal(utils.sum_to(np.ones((0, 3)), (1, 3)), np.zeros((1, 3)))

    @pytest.mark.parametrize("shape", [(2,), (3, 4, 1), (2, 3, 4, 1), (2, 3)])
    def test_rejects_incompatible_shapes(self, shape):
        with pytest.raises(ValueError, match=r"\(2, 3, 4\)"):
            utils.sum_to(np.ones((2, 3, 4)), shape)


@pytest.mark.parametrize(
    ("axis", "keepdims", "expected"),
    [(None, False, (1, 1, 1)), (1, False, (2, 1, 4)), (-1, False, (2, 3, 1)), ((0, -1), False, (1, 3, 1))],
)
def test_reshape_sum_backward_restores_axes(axis, keepdims, expected):
    y = np.ones((2, 3, 4)).sum(axis=axis, keepdims=keepdims)
    assert utils.reshape_sum_backward(Variable(np.asarray(y)), (2, 3, 4), axis, keepdims).shape == expected
    kept = np.ones((2, 3, 4)).sum(axis=axis, keepdims=True)
    assert utils.reshape_sum_backward(kept, (2, 3, 4), axis, True) is kept


class TestSeed:
    def test_repeats(self):
        draws = []
        for n in (1, 1, 2):
            pyconvlite.seed(n)
            draws.append(rng().standard_normal(5))
        np.testing.assert_array_equal(draws[0], draws[1])
        assert (draws[0] != draws[2]).all()

    def test_is_independent_of_numpys_global_state(self):
        pyconvlite.seed(0)
        expected = rng().random(3)
        pyconvlite.seed(0)
        np.random.seed(5)  # noqa: NPY002
        np.testing.assert_array_equal(rng().random(3), expected)


class TestCacheDir:
    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch):
        for name in ("PYCONVLITE_CACHE", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)

    def test_default_is_in_the_user_cache(self):
        assert cache_dir() == Path("~/.cache/pyconvlite").expanduser()

    def test_xdg_cache_home(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert cache_dir() == tmp_path / "pyconvlite"

    def test_environment_variable_takes_precedence(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path / "own"))
        assert cache_dir() == tmp_path / "own"

    def test_empty_variables_count_as_unset(self, monkeypatch):
        monkeypatch.setenv("PYCONVLITE_CACHE", "")
        monkeypatch.setenv("XDG_CACHE_HOME", "")
        assert cache_dir() == Path("~/.cache/pyconvlite").expanduser()


def test_logsumexp_is_stable():
    x = np.array([[1000.0, 1000.0, -np.inf], [-1000.0, -1001.0, -1002.0]])
    expected = [[1000 + np.log(2)], [-1000 + np.log(1 + np.exp(-1) + np.exp(-2))]]
    np.testing.assert_allclose(utils.logsumexp(x), expected, rtol=1e-14)
    assert utils.logsumexp(x.astype(np.float32), axis=0).dtype == np.float32
    assert utils.logsumexp(x, axis=0).shape == (1, 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logsumexp_of_infinities(dtype):
    x = np.array([[-np.inf, -np.inf], [np.inf, 0.0], [np.inf, -np.inf], [0.0, -np.inf]], dtype)
    y = utils.logsumexp(x)
    np.testing.assert_array_equal(y, [[-np.inf], [np.inf], [np.inf], [0]])
    assert y.dtype == dtype


def test_logsumexp_rejects_axis_out_of_range():
    with pytest.raises(ValueError, match=r"axis must be one of x's 1 axes; got 1 for shape \(3,\)"):
        utils.logsumexp(np.zeros(3))


@pytest.mark.parametrize(
    ("axis", "expected"), [(None, [1, 1]), (0, [1, 3]), (1, [2, 1]), ((0, 1), [1, 1]), (-1, [2, 1])]
)
def test_max_backward_shape(axis, expected):
    assert utils.max_backward_shape(np.ones((2, 3)), axis) == expected


@pytest.mark.parametrize(("n", "error"), [(1.5, TypeError), (-1, ValueError)])
def test_invalid_seeds_are_refused(n, error):
    with pytest.raises(error, match=f"n must be .*{n}"):
        utils.seed(n)


@pytest.mark.parametrize("axis", [2, -3, (0, 5)])
def test_max_backward_shape_rejects_axis_out_of_range(axis):
    with pytest.raises(ValueError, match="axis must be"):
        utils.max_backward_shape(np.ones((2, 3)), axis)
