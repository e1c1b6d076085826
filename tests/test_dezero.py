"""pyconvlite.dezero: the modules `dezero`, their names, and which one is imported beside another dezero."""

import copy
import importlib
import inspect
import io
import os
import pickle
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import pyconvlite
import pyconvlite.dezero
from pyconvlite import checkpoint, functions, layers

ROOT = Path(__file__).parents[1]
MODULES = (
    *("core", "core_simple", "cuda", "dataloaders", "datasets", "functions", "functions_conv"),
    *("layers", "models", "optimizers", "transforms", "utils"),
)

# Names of DeZero's modules, some of which only pass them on.
NAMES = {
    "": """
        Variable Parameter Function using_config no_grad test_mode as_array as_variable setup_variable
        Config Layer Model Dataset DataLoader SeqDataLoader is_simple_core __version__
    """,
    "core": """
        Config using_config no_grad test_mode Variable Parameter Function as_variable as_array Add add Mul
        mul Neg neg Sub sub rsub Div div rdiv Pow pow setup_variable array_types
    """,
    "core_simple": """
        Config using_config no_grad Variable Function as_variable as_array Add add Mul mul Neg neg Sub sub
        rsub Div div rdiv Pow pow setup_variable
    """,
    "functions": """
        Sin sin Cos cos Tanh tanh Exp exp Log log Reshape reshape Transpose transpose GetItem GetItemGrad
        get_item expand_dims flatten Sum sum SumTo sum_to BroadcastTo broadcast_to average mean MatMul
        matmul Linear linear linear_simple sigmoid_simple Sigmoid sigmoid ReLU relu softmax_simple Softmax
        softmax LogSoftmax log_softmax LeakyReLU leaky_relu mean_squared_error_simple MeanSquaredError
        mean_squared_error softmax_cross_entropy_simple SoftmaxCrossEntropy softmax_cross_entropy
        sigmoid_cross_entropy binary_cross_entropy accuracy dropout BatchNorm batch_nrom embed_id Max Min
        max min Clip clip conv2d deconv2d conv2d_simple im2col col2im pooling_simple pooling average_pooling
        add sub rsub mul div neg pow Variable Function as_variable as_array cuda utils np
    """,
    "functions_conv": """
        conv2d_simple pooling_simple Conv2d conv2d Deconv2d deconv2d Conv2DGradW Pooling Pooling2DGrad
        Pooling2DWithIndexes pooling AveragePooling average_pooling Im2col im2col Col2im col2im im2col_array
        col2im_array _im2col_gpu _col2im_gpu Function as_variable pair get_conv_outsize get_deconv_outsize
        linear broadcast_to cuda np
    """,
    "layers": """
        Layer Linear Conv2d Deconv2d RNN LSTM EmbedID BatchNorm Parameter F cuda pair np os
    """,
    "models": """
        Model Sequential MLP VGG16 ResNet ResNet152 ResNet101 ResNet50 _global_average_pooling_2d
        BuildingBlock BottleneckA BottleneckB SqueezeNet Layer F L utils np
    """,
    "optimizers": """
        Optimizer WeightDecay ClipGrad FreezeParam SGD MomentumSGD AdaGrad AdaDelta Adam Parameter cuda
    """,
    "datasets": """
        Dataset get_spiral Spiral MNIST CIFAR10 CIFAR100 ImageNet SinCurve Shakespear load_cache_npz
        save_cache_npz get_file cache_dir Compose Flatten ToFloat Normalize np tarfile
    """,
    "dataloaders": """
        DataLoader SeqDataLoader pil_available cuda np
    """,
    "transforms": """
        Compose Convert Resize CenterCrop ToArray ToPIL RandomHorizontalFlip Normalize Flatten AsType
        ToFloat ToInt pair
    """,
    "utils": """
        _dot_var _dot_func get_dot_graph plot_dot_graph sum_to reshape_sum_backward logsumexp
        max_backward_shape gradient_check numerical_grad array_equal array_allclose show_progress cache_dir
        get_file get_deconv_outsize get_conv_outsize pair Variable as_variable cuda np os
    """,
    "cuda": """
        gpu_enable get_array_module as_numpy as_cupy Variable np
    """,
}


def module(name):
    return importlib.import_module(f"dezero.{name}" if name else "dezero")


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_dezero_exists(name):
    assert [each for each in NAMES[name].split() if not hasattr(module(name), each)] == []


@pytest.mark.parametrize("name", NAMES)
def test_star_import_of_each_module(name):
    names = {}
    exec(f"from {module(name).__name__} import *", names)
    assert name in ("", "models", "optimizers") or names["np"] is np


def test_modules_are_registered_under_both_names():
    assert {name for name in sys.modules if name.split(".")[0] == "dezero"} == {
        "dezero",
        *(f"dezero.{name}" for name in MODULES),
    }
    for name in MODULES:
        assert module(name) is importlib.import_module(f"pyconvlite.dezero.{name}")
        assert getattr(module(""), name) is module(name)


def test_classes_are_or_derive_from_pyconvlites():
    import dezero

    assert dezero.Variable is pyconvlite.Variable
    assert dezero.functions.relu is functions.relu
    for name in ("Layer", "Model", "DataLoader", "SeqDataLoader"):
        own, theirs = getattr(dezero, name), getattr(pyconvlite, name)
        assert own is not theirs
        assert issubclass(own, theirs)
    for name in ("Linear", "Conv2d", "Deconv2d", "RNN", "LSTM", "EmbedID", "BatchNorm"):
        assert issubclass(getattr(dezero.layers, name), (dezero.Layer, getattr(layers, name)))
    assert issubclass(dezero.SeqDataLoader, dezero.DataLoader)
    assert issubclass(dezero.models.VGG16, dezero.Model)
    assert isinstance(dezero.models.MLP((1,)).l0, dezero.Layer)


@pytest.mark.parametrize(
    ("f", "parameters"),
    [
        ("Layer.save_weights", "self, path"),
        ("Layer.load_weights", "self, path"),
        ("models.BuildingBlock", "n_layers=None, in_channels=None, mid_channels=None, out_channels=None, "
         "stride=None, downsample_fb=None"),
        ("transforms.Compose", "transforms=[]"),
        ("layers.EmbedID", "in_size, out_size"),
        ("layers.RNN", "hidden_size, in_size=None"),
        ("functions.dropout", "x, dropout_ratio=0.5"),
        ("utils.get_file", "url, file_name=None"),
    ],
)  # fmt: skip
def test_parameters_have_the_names_and_defaults_of_dezero(f, parameters):
    value = module("")
    for part in f.split("."):
        value = getattr(value, part)
    signature = inspect.signature(value)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    found = signature.replace(parameters=bare, return_annotation=signature.empty)
    assert str(found) == f"({parameters})"


def test_as_array_takes_numpy_by_default():
    import dezero

    assert inspect.signature(dezero.as_array).parameters["array_module"].default is np


def test_attributes_have_the_types_of_dezero():
    import dezero

    assert type(dezero.utils.cache_dir) is type(dezero.datasets.cache_dir) is str
    assert type(dezero.dataloaders.pil_available) is bool
    assert dezero.layers.Linear(2).dtype == np.float32
    assert dezero.layers.Deconv2d(2, 3, dtype=np.float64).dtype == np.float64


def test_parameter_names_of_a_model_that_also_lists_its_layers():
    """The MLP of the book sets `layers` first, and DeZero's weight files have `l0/W`."""
    import dezero

    class Net(dezero.Model):
        def __init__(self):
            super().__init__()
            self.layers = []
            for i in range(2):
                layer = dezero.layers.Linear(2)
                setattr(self, f"l{i}", layer)
                self.layers.append(layer)
            self.last = [dezero.layers.Linear(1)]

    names = [name for name, _ in Net().named_params()]
    assert names == ["l0/W", "l0/b", "l1/W", "l1/b", "last/0/W", "last/0/b"]


@pytest.mark.parametrize("kind", ["Linear", "Conv2d", "Deconv2d"])
def test_subclass_of_a_layer_may_set_its_dtype(kind):
    import dezero

    class Wide(getattr(dezero.layers, kind)):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.dtype = np.float64

    layer = Wide(*[2, 3][: 1 + (kind != "Linear")])
    layer(np.ones((1, 3) if kind == "Linear" else (1, 3, 4, 4)))
    assert layer.dtype == layer.W.dtype == np.float64


def test_layers_take_init():
    """DeZero has none; `numpy.random.randn` draws without it."""
    import dezero

    W = dezero.layers.Linear(4, in_size=4, init="orthogonal").W.data
    np.testing.assert_allclose(W @ W.T, np.eye(4), atol=1e-6)
    W = dezero.layers.Deconv2d(2, 2, in_channels=2, init="orthogonal").W.data.reshape(2, 8)
    np.testing.assert_allclose(W @ W.T, W[0] @ W[0] * np.eye(2), atol=1e-6)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_models_can_be_copied(copied):
    import dezero

    model = dezero.models.Sequential(
        dezero.layers.LSTM(3), dezero.layers.BatchNorm(), dezero.models.MLP((2,))
    )
    x = np.random.RandomState(0).randn(4, 5).astype(np.float32)
    model(x)
    model.layers[0].reset_state()
    twin = copied(model)
    model.layers[0].reset_state()
    assert np.array_equal(twin(x).data, model(x).data)
    assert [name for name, _ in twin.named_params()] == [name for name, _ in model.named_params()]
    assert twin.l0 is twin.layers[0] is not model.l0


@pytest.mark.parametrize("name", ["RNN", "LSTM", "Linear", "BatchNorm"])
def test_layer_resumes_from_a_checkpoint(name):
    import dezero

    def make():
        return getattr(dezero.layers, name)(*[4][: 1 if name != "BatchNorm" else 0])

    x = np.random.RandomState(0).randn(2, 3)
    one, other = make(), make()
    for _ in range(2):  # RNN draws the rest of its weights at the second step
        one(x)
    file = io.BytesIO()
    checkpoint.save(file, model=one)
    checkpoint.load(file, model=other)
    assert {n: p.dtype for n, p in other.named_params()} == {n: p.dtype for n, p in one.named_params()}
    np.testing.assert_array_equal(other(x).data, one(x).data)
    assert repr(one).startswith(name)
    assert name in one._repr_html_()


@pytest.mark.parametrize("size", [0, -1])
def test_invalid_size_is_named(size):
    import dezero

    for layer in (dezero.layers.RNN, dezero.layers.LSTM):
        with pytest.raises(ValueError, match="hidden_size must be at least 1"):
            layer(size)


def test_the_weights_of_a_file_set_the_dtype_of_batch_norm(tmp_path):
    import dezero

    one, other = dezero.layers.BatchNorm(), dezero.layers.BatchNorm()
    one(np.random.RandomState(0).randn(4, 3))
    one.save_weights(str(tmp_path / "bn.npz"))
    other.load_weights(str(tmp_path / "bn.npz"))
    assert other.gamma.dtype == other.avg_mean.dtype == np.float64


def test_file_with_a_shared_parameter_under_each_name(tmp_path):
    """As DeZero writes it."""
    import dezero

    model, path = dezero.Model(), tmp_path / "theirs.npz"
    model.a = model.b = dezero.layers.Linear(2, in_size=3)
    W, b = np.full((3, 2), 2.0, np.float32), np.array([1.0, np.nan], np.float32)
    np.savez_compressed(path, **{"a/W": W, "a/b": b, "b/W": W, "b/b": b})
    model.load_weights(str(path))
    np.testing.assert_array_equal(model.a.W.data, W)
    for other in (W + 1, W[:2]):
        np.savez_compressed(path, **{"a/W": W + 3, "a/b": b, "b/W": other, "b/b": b})
        with pytest.raises(
            ValueError, match=r"a/W and b/W differ in .*theirs\.npz.; in the model they are the same"
        ):
            model.load_weights(str(path))
        np.testing.assert_array_equal(model.a.W.data, W)


def test_replaced_layer_loses_its_parameters():
    import dezero

    model = dezero.models.Sequential(dezero.layers.Linear(3, in_size=2), dezero.functions.relu)
    model[0] = other = dezero.layers.Linear(4, in_size=2)
    assert model.l0 is other
    assert {name: param.shape for name, param in model.named_params()} == {"l0/W": (2, 4), "l0/b": (4,)}


# ------------------------------------------------------------------------------------------- other processes


def python(*arguments, cwd, folders=(), status=0):
    """Run Python; return what it prints, or the last line of its error."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stderr.splitlines()[-1] if status else done.stdout


STEP = """
if '__file__' in globals():
    import os, sys
    sys.path.append(os.path.join(os.path.dirname(__file__), '..'))
import dezero.functions as F
import sys
print(F.__name__, sys.argv[1:], __name__, os.path.basename(__file__))
"""


@pytest.fixture
def steps(tmp_path):
    """The reader's folder: steps/step.py, and the reader's own dezero."""
    for folder in ("steps", "dezero"):
        (tmp_path / folder).mkdir()
    (tmp_path / "steps" / "step.py").write_text(STEP)
    (tmp_path / "dezero" / "__init__.py").write_text("")
    (tmp_path / "dezero" / "functions.py").write_text("")
    return tmp_path


@pytest.mark.cpython
class TestProcesses:
    def test_import_of_pyconvlite_does_not_provide_dezero(self, tmp_path):
        code = "import sys, pyconvlite; print([name for name in sys.modules if 'dezero' in name])"
        assert python("-c", code, cwd=tmp_path) == "[]\n"

    def test_a_script_with_arguments(self, steps):
        found = python("-m", "pyconvlite.dezero", "steps/step.py", "-a", "b", cwd=steps)
        assert found == "pyconvlite.dezero.functions ['-a', 'b'] __main__ step.py\n"

    @pytest.mark.parametrize("arguments", [[], ["--help"]])
    def test_usage(self, arguments, tmp_path):
        told = python("-m", "pyconvlite.dezero", *arguments, cwd=tmp_path, status=1)
        assert told == "usage: python -m pyconvlite.dezero SCRIPT [ARGUMENT...]"

    def test_missing_script(self, tmp_path):
        told = python("-m", "pyconvlite.dezero", "stp.py", cwd=tmp_path, status=1)
        assert told == "can't open 'stp.py': there is no such file"

    def test_another_dezero_takes_precedence(self, steps):
        told = python("-c", "import dezero, pyconvlite.dezero", cwd=steps, status=1)
        assert told.startswith(
            "ImportError: pyconvlite.dezero takes the place of the package dezero, but another"
        )
        assert str(steps / "dezero" / "__init__.py") in told


@pytest.mark.cpython
class TestDistribution:
    """The file dezero.py of the distribution pyconvlite-dezero, in a folder that stands for site-packages."""

    @pytest.fixture
    def site(self, tmp_path):
        (tmp_path / "site-packages").mkdir()
        shutil.copy(ROOT / "packages" / "dezero" / "dezero.py", tmp_path / "site-packages")
        return [tmp_path / "site-packages"]

    def test_import_dezero_finds_pyconvlite(self, site, steps):
        shutil.rmtree(steps / "dezero")
        code = "import dezero.layers as L, dezero; print(L.__name__, dezero.Variable.__module__)"
        found = "pyconvlite.dezero.layers pyconvlite.autograd.variable\n"
        assert python("-c", code, cwd=steps, folders=site) == found
        (steps / "dezero").mkdir()  # a folder of data, say
        assert python("-c", code, cwd=steps, folders=site) == found

    def test_local_dezero_takes_precedence(self, site, steps):
        assert python("steps/step.py", cwd=steps, folders=site) == "dezero.functions [] __main__ step.py\n"
        found = python("-m", "pyconvlite.dezero", "steps/step.py", cwd=steps, folders=site)
        assert found.startswith("pyconvlite.dezero.functions")

    def test_second_copy_of_the_file_does_not_recurse(self, site, steps):
        shutil.rmtree(steps / "dezero")
        copies = [steps / "one", steps / "other"]
        for folder in copies:
            shutil.copytree(site[0], folder)
        found = python("-c", "import dezero; print(dezero.__name__)", cwd=steps, folders=copies)
        assert found == "pyconvlite.dezero\n"

    def test_version_equals_pyconvlites(self):
        ours, theirs = (
            tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))
            for folder in (".", "packages/dezero")
        )
        version = ours["project"]["version"]
        assert theirs["project"]["version"] == version
        assert theirs["project"]["dependencies"] == [f"pyconvlite=={version}"]
        assert ours["project"]["optional-dependencies"]["dezero"] == [f"pyconvlite-dezero=={version}"]
        assert theirs["build-system"]["requires"] == ours["build-system"]["requires"][:1]


def test_slice_of_a_model_may_be_called_repeatedly():
    import dezero.functions as F
    import dezero.layers as L
    from dezero.models import Sequential

    model = Sequential(L.Linear(3, in_size=2), F.ReLU(), L.Linear(1, in_size=3))
    x, part = np.ones((1, 2), np.float32), model[:2]
    for _ in range(2):
        part(x)
        model(x)
    assert type(part) is Sequential


def test_dropout_of_a_number():
    import dezero.functions as F

    np.random.seed(0)
    assert F.dropout(np.array(3.0), 0.0).item() == 3


def test_freeze_param():
    import dezero.optimizers as O

    W = pyconvlite.Parameter(np.ones(1))
    W.grad = pyconvlite.Variable(np.ones(1))
    hook = O.FreezeParam()
    hook.freeze_params.append(W)
    hook([W])
    assert W.grad is None
    linear = layers.Linear(1, in_size=1)
    optimizer = O.SGD().setup(linear)
    optimizer.add_hook(O.FreezeParam(linear.W))
    checkpoint.save(io.BytesIO(), model=linear, optimizer=optimizer)


def test_repr_of_a_gradient_that_is_an_array():
    import dezero.core_simple as simple

    x = simple.Variable(np.array(3.0))
    (x**2).backward()
    assert "grad" in x._repr_html_()


def test_graph_keeps_layer_outputs():
    class Net(pyconvlite.dezero.Model):
        def __init__(self):
            super().__init__()
            self.conv = pyconvlite.dezero.layers.Conv2d(2, 1)

        def forward(self, x):
            return functions.relu(self.conv(x))  # which does not read the data of its input

    x = np.random.RandomState(0).randn(1, 3, 64, 64).astype(np.float32)
    net = Net()
    y = net(x)
    assert y.data.size >= 4096  # the graph keeps smaller arrays in any case
    inside = net.conv.outputs[0]()
    expected = np.einsum("nchw,ocij->nohw", x, net.conv.W.data) + net.conv.b.data[:, None, None]
    np.testing.assert_allclose(inside.data, expected, rtol=1e-5, atol=1e-6)
    functions.sum(y * 3.0).backward(retain_grad=True)
    np.testing.assert_array_equal(inside.grad.data, np.where(inside.data > 0, np.float32(3), np.float32(0)))
    del y, inside
    assert net.conv.outputs[0]() is None


def test_columns_have_the_gpu_names_of_dezero():
    from pyconvlite.dezero import functions_conv

    img = np.random.RandomState(0).randn(1, 2, 5, 4)
    col = functions_conv._im2col_gpu(img, (3, 2), 1, 0)
    assert col.shape == (1, 2, 3, 2, 3, 3)
    assert np.array_equal(col[0, 1, 2, 1], img[0, 1, 2:5, 1:4])
    img = functions_conv._col2im_gpu(np.ones_like(col), 1, 1, 0, 0, 5, 4)
    assert img[0, 0].tolist() == np.outer([1, 2, 3, 2, 1], [1, 2, 2, 1]).tolist()


def test_loader_uses_its_own_seed():
    from pyconvlite.dezero import dataloaders

    np.random.seed(0)
    loader = dataloaders.DataLoader(list(zip(range(9), range(9), strict=True)), 9, seed=3)
    x, _ = next(loader)
    assert sorted(x) == list(range(9))
    assert np.random.rand() == np.random.RandomState(0).rand()


def test_float64_parameter_stays_float64():
    embed = pyconvlite.dezero.layers.EmbedID(2, 3)
    assert (type(embed.W), embed.W.dtype) == (pyconvlite.dezero.Parameter, np.float64)
