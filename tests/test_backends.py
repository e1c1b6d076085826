"""backends/: the choice of kernels by array, and that all modules use it."""

import ast

import numpy as np
import pytest
from geometries import Geometry, geometries, poisoned
from hypothesis import given
from shorthands import sources, traced_memory

import pyconvlite.functions as F
from pyconvlite import Variable, backends, grad
from pyconvlite.backends import numpy as reference

# What would name a backend, or ask where an array is.
DEVICES = {"gpu_enable", "is_gpu", "on_device", "cupy", "webgpu", "simd", "cuda", "numpy"}
CONTRACTIONS = {"dot", "vdot", "inner", "outer", "tensordot", "einsum", "matmul", "vecdot", "matvec"}


class TestBackendChoice:
    @pytest.mark.parametrize(
        "x", [np.zeros(2), np.float64(1), Variable(np.zeros(2))], ids=["array", "number", "Variable"]
    )
    def test_numpy_serves_numpy_arrays(self, x):
        assert backends.get_array_module(x) is np
        with backends.use("numpy"):
            assert backends.kernels(x) is reference

    def test_moving(self):
        x = np.zeros(2)
        assert backends.to_cpu(x) is x
        with pytest.raises(backends.DeviceUnavailable):
            backends.to_gpu(x)

    def test_is_array(self):
        assert backends.is_array(np.zeros(2))
        assert not any(map(backends.is_array, [1.0, np.float64(1), [1.0], None, Variable(np.zeros(2))]))


@pytest.mark.cpython
class TestSources:
    def test_sources_are_found(self):
        assert {
            "autograd/backprop.py",
            "functions/conv.py",
            "backends/numpy/contraction.py",
        } <= sources().keys()

    def test_only_the_numpy_kernels_contract(self):
        """NumPy's `@` is slow where it has no BLAS: one helper picks the route for all."""
        found = []
        for name, tree in sources().items():
            for node in ast.walk(tree):
                operator = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult)
                call = (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in CONTRACTIONS
                    and not calls_kernels(node.func.value)
                )
                if operator or call:
                    found.append((name, ast.unparse(node)))
        assert {name for name, _ in found} == {"backends/numpy/contraction.py"}, found

    def test_functions_name_no_backend(self):
        found = []
        for name, tree in sources().items():
            if name.startswith("functions/"):
                for node in ast.walk(tree):
                    words = {getattr(node, "id", ""), getattr(node, "attr", "")}
                    if isinstance(node, ast.ImportFrom | ast.Import):
                        words |= {part for alias in node.names for part in alias.name.split(".")}
                        words |= set((getattr(node, "module", None) or "").split("."))
                    if ast.unparse(node) == "import numpy as np":  # the library, not backends.numpy
                        continue
                    if words & DEVICES:
                        found.append((name, ast.unparse(node)))
        assert found == []

    def test_no_module_imports_a_package_that_it_is_in(self):
        """A circle that import-linter does not see: the package imports the module."""
        modules, found = {name.removesuffix(".py").removesuffix("/__init__") for name in sources()}, []
        for name, tree in sources().items():
            folders = name.split("/")[:-1]
            own = {"/".join(folders[:end]) for end in range(len(folders) + 1)}
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.level:
                    start = [*folders[: len(folders) + 1 - node.level], *(node.module or "").split(".")]
                    place = "/".join(filter(None, start))
                    named = {f"{place}/{alias.name}".lstrip("/") for alias in node.names}
                    if own & {module if module in modules else place for module in named}:
                        found.append((name, ast.unparse(node)))
        assert found == []

    def test_functions_use_the_namespace_of_their_arrays(self):
        """In functions/ NumPy itself is for scalars and sizes; arrays get theirs from get_array_module."""
        allowed = {"generic", "asarray", "ndarray", "result_type", "where", "ones", "inf", "prod", "newaxis"}
        found = []
        for name, tree in sources().items():
            if name.startswith("functions/"):
                for function in ast.walk(tree):
                    if isinstance(function, ast.FunctionDef) and function.name in ("forward", "backward"):
                        found += [
                            (name, ast.unparse(node))
                            for node in ast.walk(function)
                            if isinstance(node, ast.Attribute)
                            and isinstance(node.value, ast.Name)
                            and node.value.id == "np"
                            and node.attr not in allowed
                        ]
        assert found == []

    def test_arguments_are_not_checked_by_assert(self):
        """`python -O` drops asserts: what a user can get wrong is refused with an exception."""
        found = [
            (name, ast.unparse(node))
            for name, tree in sources().items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Assert) and not only_for_the_type_checker(node)
        ]
        assert found == []


def calls_kernels(node):
    """`kernels(x).matmul`, or a module or object of ours that has an operation of that name."""
    if isinstance(node, ast.Name) and node.id == "library":  # the side module's
        return True
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "kernels"
    return ast.unparse(node) in {"F", "_functions", "product", "objects.bound"}


def only_for_the_type_checker(node):
    test = node.test
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot)


class TestMatmul:
    """The route for a NumPy without a BLAS, also where there is one."""

    @pytest.fixture(params=[True, False], ids=["BLAS", "no BLAS"], autouse=True)
    def _blas(self, request, monkeypatch):
        monkeypatch.setattr(reference.contraction, "HAS_BLAS", request.param)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ((2, 3), (3, 4)),
            ((5, 2, 3), (3, 4)),
            ((2, 3), (5, 3, 4)),
            ((5, 1, 2, 3), (6, 3, 4)),
            ((0, 3), (3, 4)),
            ((2, 0), (0, 4)),
            ((1, 1), (1, 1)),
        ],
    )
    def test_equals_numpy_matmul(self, a, b, dtype):
        rng = np.random.default_rng(0)
        a, b = rng.standard_normal(a).astype(dtype), rng.standard_normal(b).astype(dtype)
        expected = np.matmul(a.astype(np.float64), b.astype(np.float64))
        for x, y in [(a, b), (np.asfortranarray(a), np.asfortranarray(b)), (a[..., ::-1], b[..., ::-1, :])]:
            product = reference.matmul(x, y)
            assert product.dtype == dtype
            np.testing.assert_allclose(
                product, expected, rtol=1e-2 if dtype == np.float16 else 1e-5, atol=1e-6
            )

    def test_sums_float16_in_more_than_float16(self):
        ones = np.ones((1, 4096), np.float16)
        assert reference.matmul(ones, ones.T).item() == 4096


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4", np.longdouble, np.int32])
def test_where_of_large_arrays_equals_numpy(dtype):
    """For large float arrays it uses masks, which must keep NaN, infinities and signs of 0."""
    rng = np.random.default_rng(0)
    values = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5] if np.dtype(dtype).kind == "f" else [0, 1, 2**31 - 1]
    for shapes in [
        ((80, 90),) * 3,
        ((80, 90), (90,), (80, 1)),
        ((8, 1), (8, 900), ()),
        ((80, 1, 90), (), (5, 90)),
    ]:
        condition = rng.random(shapes[0]) < 0.5
        x, y = (np.asarray(rng.choice(values, shape), dtype) for shape in shapes[1:])
        for a, b in ((x, y), (x, 0), (2, y), (x[..., ::-1] if x.ndim else x, y)):
            found, wanted = reference.where(condition, a, b), np.where(condition, a, b)
            np.testing.assert_array_equal(found, wanted)
            np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
            assert found.dtype.newbyteorder("=") == wanted.dtype.newbyteorder("=")


@given(geometries())
def test_convolutions_do_not_depend_on_the_blas(g):
    x, W, b = map(Variable, g.arrays(g.x_shape, g.W_shape, g.W_shape[:1]))

    def everything(blas):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reference.contraction, "HAS_BLAS", blas)
            y = F.conv2d(x, W, b, **g.settings)
            first = grad(F.sin(y), [x, W, b], create_graph=True)
            second = grad([F.sin(v) for v in first], [x, W, b])
            return [v.data for v in (y, *first, *second)]

    for one, other in zip(everything(True), everything(False), strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_convolution_spreads_nan_like_im2col(value, stride, monkeypatch):
    """A pixel that is NaN affects the kernel elements that it meets and no others; so does a weight in gx."""
    g = Geometry((2, 3, 5, 6), (3, 1, 3, 2), stride, (0, 1), {"groups": 3})
    x, W, gy = g.arrays(g.x_shape, g.W_shape, (2, 3, *g.sizes.output_size))

    def found():
        for position in (0, 7, 29):
            yield reference.conv2d(poisoned(x, value, position), W, None, g.sizes)
            yield reference.conv2d_gW(poisoned(x, value, position), gy, g.sizes)
            yield reference.conv2d_gW(x, poisoned(gy, value, position % gy.size), g.sizes)
        for position in (0, 3, W.size - 1):
            yield reference.conv2d_gx(gy, poisoned(W, value, position), None, g.sizes)

    depthwise = list(found())
    monkeypatch.setattr(reference.depthwise, "suits", lambda *_: False)
    for one, other in zip(depthwise, found(), strict=True):
        assert not np.isfinite(other).all()
        np.testing.assert_allclose(one, other, atol=1e-12)


class TestColumnBuffer:
    def test_result_does_not_depend_on_block_size(self, monkeypatch):
        """Blocks of whole images, of rows, of a single row that is too large anyway."""
        rng = np.random.default_rng(0)
        x, W, b = (Variable(rng.standard_normal(shape)) for shape in [(3, 4, 7, 6), (6, 2, 3, 2), (6,)])
        v = Variable(rng.standard_normal((3, 6, 4, 3)))

        def everything():
            y = F.conv2d(x, W, b, (2, 1), (1, 2), groups=2, dilation=(1, 2))
            z = F.deconv2d(v, W, None, (2, 3), 1, groups=2)
            return [y.data, z.data, *(g.data for g in grad([F.sin(y), F.sin(z)], [x, W, b, v]))]

        whole = everything()
        for size in (1, 2_000, 10_000, 40_000):
            monkeypatch.setattr(reference.convolution, "COLUMN_BYTES", size)
            for one, other in zip(whole, everything(), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-10)

    @pytest.mark.cpython
    def test_limit_holds_for_one_long_row(self):
        """A convolution in one dimension: all columns of the one row would have 55 MB."""
        x = np.ones((1, 16, 1, 100_000), np.float32)
        W = np.ones((2, 16, 1, 9), np.float32)
        with traced_memory() as memory:
            F.conv2d(x, W)
        assert memory.peak < 3 * reference.convolution.COLUMN_BYTES

    def test_limit_is_64_megabytes(self):
        assert reference.convolution.COLUMN_BYTES <= 64 * 2**20

    @pytest.mark.cpython
    @pytest.mark.parametrize(
        "shape", [(32, 16, 64, 8), (1, 16, 128, 128)], ids=["many images", "one large image"]
    )
    def test_limit_holds(self, shape, monkeypatch):
        """x has 1 MB and all its columns would have 25: 4 of them are allowed."""
        MB = 2**20
        monkeypatch.setattr(reference.convolution, "COLUMN_BYTES", 4 * MB)
        x = Variable(np.ones(shape, np.float32))
        W = Variable(np.ones((2, 16, 5, 5), np.float32))
        assert x.data.nbytes == MB

        # Twice the buffer, as one block's columns may still be there when the next one's are built; results
        # and gradients, a padded x (up to 1.8 MB), blocks of x and of products.
        with traced_memory() as forward:
            y = F.conv2d(x, W, pad=2)
        with traced_memory() as backward:
            grad(y, [x, W])
        with traced_memory() as deconv:
            F.deconv2d(y, W, pad=2)
        peaks = [memory.peak / MB for memory in (forward, backward, deconv)]
        assert max(peaks) < 2 * 4 + 4, peaks
