import numpy as np
import pytest
from conditions import numbers

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import no_grad, test_mode
from pyconvlite.models import (
    VGG16,
    BottleneckA,
    BottleneckB,
    BuildingBlock,
    ResNet,
    ResNet50,
    ResNet101,
    ResNet152,
)

RESNETS = [ResNet50, ResNet101, ResNet152]


def counts(model):
    """How many numbers are trained, and how many more are kept."""
    params = list(model.params())
    trained = sum(p.size for p in params if p.requires_grad)
    return trained, sum(p.size for p in params) - trained


def classify(model, *shape):
    with no_grad(), test_mode():
        y = model(numbers(*shape))
    assert (y.shape, y.dtype) == ((shape[0], 1000), np.float32)
    assert np.isfinite(y.data).all()
    assert {p.dtype for p in model.params()} == {np.dtype(np.float32)}
    return model


# ------------------------------------------------------------------------------------------- VGG16


def test_vgg16_has_dezeros_names():
    names = [name for name, _ in VGG16().named_params()]
    stages = ["conv1_1 conv1_2", "conv2_1 conv2_2", *[f"conv{i}_1 conv{i}_2 conv{i}_3" for i in (3, 4, 5)]]
    layers = [*" ".join(stages).split(), "fc6", "fc7", "fc8"]
    assert names == [f"{layer}/{name}" for layer in layers for name in "Wb"]


@pytest.mark.cpython
def test_vgg16_as_published():
    assert counts(classify(VGG16(), 1, 3, 224, 224)) == (138_357_544, 0)


@pytest.mark.cpython
def test_vgg16_equals_its_description_on_small_images():
    pyconvlite.seed(0)
    model = VGG16()
    x = h = numbers(1, 3, 32, 32)
    with no_grad(), test_mode():
        y = model(x)
        for name in [n for n in vars(model) if n.startswith("conv")]:
            h = F.relu(getattr(model, name)(h))
            if name in ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"):
                h = F.pooling(h, 2, 2)
        h = h.reshape(1, 512)
        features = F.relu(model.fc7(F.relu(model.fc6(h))))
        np.testing.assert_array_equal(y.data, model.fc8(features).data)
        np.testing.assert_array_equal(model.features(x).data, features.data)


class Image:
    """The part of a Pillow image that `preprocess` uses."""

    format, mode = None, "RGB"

    def __init__(self, pixels):
        self.pixels = pixels

    def convert(self, mode):
        assert mode == "RGB"
        return self

    def resize(self, size):
        assert size == (6, 4)
        return Image(np.zeros((4, 6, 3), np.uint8))

    def __array__(self, dtype=None, copy=None):
        return self.pixels.astype(dtype)


def test_vgg16_preprocess():
    pixels = np.random.default_rng(0).integers(256, size=(4, 5, 3), dtype=np.uint8)
    x = VGG16.preprocess(Image(pixels), size=None)
    assert (x.shape, x.dtype) == ((3, 4, 5), np.float32)
    expected = [pixels[..., 2] - 103.939, pixels[..., 1] - 116.779, pixels[..., 0] - 123.68]
    np.testing.assert_allclose(x, expected, rtol=1e-5)
    assert VGG16.preprocess(Image(pixels), size=(6, 4)).shape == (3, 4, 6)
    with pytest.raises(TypeError, match="image must be a Pillow image; got ndarray"):
        VGG16.preprocess(pixels)


# ------------------------------------------------------------------------------------------- ResNet


def test_resnet_has_dezeros_names():
    names = [name for name, _ in ResNet50().named_params()]
    layers = list(dict.fromkeys(name.rpartition("/")[0] for name in names))
    assert layers[:2] == ["conv1", "bn1"]
    assert layers[2:10] == [f"res2/a/{name}{i}" for i in (1, 2, 3, 4) for name in ("conv", "bn")]
    assert layers[10:16] == [f"res2/b1/{name}{i}" for i in (1, 2, 3) for name in ("conv", "bn")]
    assert [layer for layer in layers if layer.endswith("conv1")][1:] == [
        f"res{stage}/{block}/conv1"
        for stage, n in zip((2, 3, 4, 5), (3, 4, 6, 3), strict=True)
        for block in ["a", *[f"b{i}" for i in range(1, n)]]
    ]
    assert layers[-1] == "fc6"
    assert {name.rpartition("/")[2] for name in names} == {"W", "b", "avg_mean", "avg_var", "gamma", "beta"}


# As published for the usual ResNets, and 64 more: DeZero's first convolution has a bias.
@pytest.mark.cpython
@pytest.mark.parametrize(
    ("make", "trained", "statistics"),
    [
        (ResNet50, 25_557_032 + 64, 53_120),
        (ResNet101, 44_549_160 + 64, 105_344),
        (ResNet152, 60_192_808 + 64, 151_424),
    ],
)
def test_resnet_as_published(make, trained, statistics):
    assert counts(classify(make(), 1, 3, 64, 64)) == (trained, statistics)


@pytest.mark.cpython
def test_resnet_features_are_the_inputs_of_its_last_layer():
    model, x = ResNet50(), numbers(2, 3, 64, 64)
    with no_grad(), test_mode():
        features = model.features(x)
        assert features.shape == (2, 2048)
        np.testing.assert_array_equal(model(x).data, model.fc6(features).data)


@pytest.mark.cpython
def test_resnet_trains_on_small_images():
    model = ResNet50()
    F.softmax_cross_entropy(model(numbers(2, 3, 64, 64)), np.array([0, 1])).backward()
    assert {p.grad.dtype for p in model.params() if p.requires_grad} == {np.dtype(np.float32)}
    assert model.bn1.avg_mean.data.any()


@pytest.mark.parametrize("downsample_fb", [False, True])
def test_bottleneck_a_stride(downsample_fb):
    block = BottleneckA(3, 4, 8, 2, downsample_fb)
    strides = [block.conv1.stride, block.conv2.stride, block.conv3.stride, block.conv4.stride]
    first, second = ((1, 1), (2, 2)) if downsample_fb else ((2, 2), (1, 1))
    assert strides == [first, second, (1, 1), (2, 2)]
    assert block(numbers(1, 3, 8, 8)).shape == (1, 8, 4, 4)


def test_bottleneck_b_adds_its_input():
    block = BottleneckB(4, 2)
    x = np.abs(numbers(1, 4, 5, 5))
    with test_mode():
        block(x)
        block.bn3.gamma.data = np.zeros(4, np.float32)
        np.testing.assert_array_equal(block(x).data, x)


def test_building_block_is_a_sequence_of_bottlenecks():
    block = BuildingBlock(3, 2, 4, 8, 2)
    assert [type(block.a), type(block.b1), type(block.b2)] == [BottleneckA, BottleneckB, BottleneckB]
    x = numbers(1, 2, 6, 6)
    with test_mode():
        np.testing.assert_array_equal(block(x).data, block.b2(block.b1(block.a(x))).data)


# ------------------------------------------------------------------------------------------- both


def test_torchvision_must_be_a_bool():
    with pytest.raises(TypeError, match="torchvision must be True or False; got 'no'"):
        ResNet50(torchvision="no")


@pytest.mark.parametrize("make", [VGG16, *RESNETS])
def test_there_are_no_pretrained_weights(make):
    with pytest.raises(ValueError, match=r"pretrained must name the weights.* a path, a URL .* bytes"):
        make(pretrained=True)
    with pytest.raises(TypeError, match="pretrained must be a path, a URL or bytes; got int"):
        make(pretrained=3)
    with pytest.raises(FileNotFoundError):
        make(pretrained="no/such/file.pth")
    with pytest.raises(ValueError, match="the file is not a file of weights"):
        make(pretrained=b"no weights")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ResNet(34), "n_layers must be 50, 101 or 152; got 34"),
        (lambda: BuildingBlock(0, 1, 1, 1, 1), "n_layers must be at least 1; got 0"),
        (lambda: BottleneckA(1, 0, 1), "out_channels must be at least 1; got 0"),
        (lambda: BottleneckB(0, 1), "out_channels must be at least 1; got 0"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
