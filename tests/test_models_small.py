import copy
import io
import pickle

import numpy as np
import pytest
from conditions import numbers
from shorthands import names

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import DataLoader, test_mode
from pyconvlite.models import BasicBlock, ConvAutoencoder, LeNet, SmallResNet, SmallVGG
from pyconvlite.optimizers import Adam

CLASSIFIERS = [LeNet, SmallVGG, SmallResNet]


@pytest.mark.parametrize("make", [SmallVGG, SmallResNet])
@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (3, 3, 32, 32)])
def test_takes_digits_and_small_photographs(make, shape):
    y = make(num_classes=7)(numbers(*shape))
    assert (y.shape, y.dtype) == ((shape[0], 7), np.float32)


@pytest.mark.parametrize("make", [*CLASSIFIERS, ConvAutoencoder])
def test_every_trained_parameter_gets_a_float32_gradient(make):
    model = make()
    F.sum(model(numbers(2, 1, 28, 28)) ** 2).backward()
    trained = [p for p in model.params() if p.requires_grad]
    assert {p.grad.dtype for p in trained} == {np.dtype(np.float32)}
    assert all(p.grad is None for p in model.params() if not p.requires_grad)


@pytest.mark.parametrize("make", [*CLASSIFIERS, ConvAutoencoder])
def test_weights_survive_a_file_and_copies(make):
    model, x = make(), numbers(2, 1, 28, 28)
    model(x)
    file = io.BytesIO()
    model.save_weights(file)
    file.seek(0)
    other = make()
    other.load_weights(file)
    with test_mode():
        expected = model(x).data
        for twin in (other, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            np.testing.assert_array_equal(twin(x).data, expected)


def test_small_vgg_with_too_small_images_sets_no_size():
    model = SmallVGG()
    with pytest.raises(ValueError, match="larger than the padded input"):
        model(np.zeros((1, 3, 4, 4), np.float32))
    assert all(param.data is None for name, param in model.named_params() if name.endswith("W"))
    assert model(np.zeros((1, 1, 8, 8), np.float32)).shape == (1, 10)


def test_small_vgg_drops_only_in_training():
    model, x = SmallVGG(), numbers(2, 1, 28, 28)
    assert not np.array_equal(model(x).data, model(x).data)
    with test_mode():
        np.testing.assert_array_equal(model(x).data, model(x).data)


@pytest.mark.parametrize("n_layers", [8, 14, 20])
def test_small_resnet_depth(n_layers):
    weights = [name for name in names(SmallResNet(n_layers=n_layers)) if name.endswith("W")]
    assert len([name for name in weights if "shortcut" not in name]) == n_layers


def test_small_resnet_of_20_layers_has_the_published_size():
    """0.27 million, in the paper's table 6."""
    model = SmallResNet(n_layers=20)
    model(numbers(1, 3, 32, 32))
    assert sum(p.size for p in model.params() if p.requires_grad) == pytest.approx(0.27e6, rel=0.03)


def test_basic_block_adds_its_input():
    block = BasicBlock(3, 3)
    for param in block.params():
        param.data = np.zeros_like(param.data)
    x = np.abs(numbers(2, 3, 5, 5))
    with test_mode():
        np.testing.assert_array_equal(block(x).data, x)
    assert block.shortcut == []


@pytest.mark.parametrize(
    ("block", "shape"), [(BasicBlock(3, 5), (1, 5, 6, 6)), (BasicBlock(3, 3, 2), (1, 3, 3, 3))]
)
def test_basic_block_projects_its_input(block, shape):
    assert block(numbers(1, 3, 6, 6)).shape == shape
    assert len(block.shortcut) == 2


def test_autoencoder_shapes():
    model = ConvAutoencoder(channels=3, code_channels=4)
    x = numbers(2, 3, 32, 24)
    assert model.encode(x).shape == (2, 4, 8, 6)
    y = model(x)
    assert y.shape == x.shape
    assert 0 <= y.data.min() <= y.data.max() <= 1


def shapes(n):
    """Images of 8 x 8 with a bright rectangle on a dark ground."""
    rng = np.random.default_rng(0)
    x = np.zeros((n, 1, 8, 8), np.float32)
    for image in x:
        top, left = rng.integers(0, 6, size=2)
        height, width = rng.integers(2, 5, size=2)
        image[0, top : top + height, left : left + width] = 1
    return x


def test_autoencoder_learns_to_reconstruct_its_input():
    pyconvlite.seed(0)
    x = shapes(64)
    model = ConvAutoencoder(code_channels=32)  # with 8, the default, half of the seeds lead to a black image
    optimizer = Adam(0.002).setup(model)
    first = F.mean_squared_error(model(x), x).item()
    for _ in range(20):
        for batch, _ in DataLoader([(image, 0) for image in x], batch_size=16):
            loss = F.mean_squared_error(model(batch), batch)
            model.cleargrads()
            loss.backward()
            optimizer.update()
    assert F.mean_squared_error(model(x), x).item() < 0.3 * first  # a black image has 0.54


@pytest.mark.parametrize("make", [SmallVGG, SmallResNet])
def test_classifies_the_position_of_a_rectangle(make):
    pyconvlite.seed(0)
    x = shapes(64)
    t = (x[:, 0, :4].sum(axis=(1, 2)) > x[:, 0, 4:].sum(axis=(1, 2))).astype(int)
    model = make(num_classes=2)
    optimizer = Adam(0.003).setup(model)
    for _ in range(10):
        for batch, labels in DataLoader(list(zip(x, t, strict=True)), batch_size=16):
            loss = F.softmax_cross_entropy(model(batch), labels)
            model.cleargrads()
            loss.backward()
            optimizer.update()
    assert F.accuracy(model(x), t).item() > 0.9


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SmallVGG(0), ValueError, "num_classes must be at least 1; got 0"),
        (
            lambda: SmallVGG()(numbers(1, 1, 6, 6)),
            ValueError,
            "kernel_size 2 is larger than the padded input",
        ),
        (lambda: SmallResNet(1.5), TypeError, "num_classes must be an integer.* 1.5"),
        (lambda: SmallResNet(n_layers=10), ValueError, "n_layers must be 6 n .* got 10"),
        (lambda: SmallResNet(n_layers=2), ValueError, "n_layers must be at least 8; got 2"),
        (lambda: BasicBlock(0, 1), ValueError, "in_channels must be at least 1; got 0"),
        (lambda: BasicBlock(1, 2, stride=0), ValueError, "stride must be at least 1; got 0"),
        (lambda: ConvAutoencoder(0), ValueError, "^channels must be at least 1; got 0"),
        (lambda: ConvAutoencoder(1, "a"), TypeError, "code_channels must be an integer; got 'a'"),
        (lambda: ConvAutoencoder()(numbers(1, 1, 28, 30)), ValueError, "multiples of 4; got 28 x 30"),
        (lambda: ConvAutoencoder()(numbers(28, 28)), ValueError, r"\(N, C, H, W\); got shape \(28, 28\)"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()
