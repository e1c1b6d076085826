"""EfficientNetLite0: its layers as published, and its predictions with published weights."""

import numpy as np
import pytest
from conditions import numbers

import pyconvlite.functions as F
from pyconvlite import no_grad, test_mode
from pyconvlite.models import EfficientNetLite0
from pyconvlite.models.efficientnet import ConvBN, InvertedResidual


def test_layers_as_published():
    model = EfficientNetLite0()
    trained = sum(param.size for param in model.params() if param.requires_grad)
    assert trained == 4_652_008
    with no_grad(), test_mode():
        y = model(numbers(2, 3, 32, 48))
    assert (y.shape, y.dtype) == ((2, 1000), np.float32)
    # Channels and strides: 16 blocks in 7 stages.
    shapes = [block._last[2][0][1:] for block in model.blocks]
    assert shapes == [
        *[(16, 16, 24)] * 1,
        *[(24, 8, 12)] * 2,
        *[(40, 4, 6)] * 2,
        *[(80, 2, 3)] * 3,
        *[(112, 2, 3)] * 3,
        *[(192, 1, 2)] * 4,
        *[(320, 1, 2)] * 1,
    ]


def test_other_classes_and_features():
    model = EfficientNetLite0(num_classes=3)
    x = numbers(2, 3, 32, 32)
    with no_grad(), test_mode():
        features = model.features(x)
        assert features.shape == (2, 1280)
        np.testing.assert_array_equal(model(x).data, model.classifier(features).data)
    with pytest.raises(ValueError, match="num_classes must be at least 1; got 0"):
        EfficientNetLite0(0)


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("length", [4, 5, 7, 8])
def test_same_padding_with_a_stride(kernel_size, length):
    """TensorFlow's: length / 2 positions, rounded up; of an odd padding the larger part is at the end."""
    layer = ConvBN(1, kernel_size, stride=2, in_channels=1)
    x = numbers(1, 1, length, length)
    positions = (length + 1) // 2
    frame = max(0, 2 * (positions - 1) + kernel_size - length)
    padded = np.zeros((length + frame, length + frame), np.float32)
    padded[frame // 2 :, frame // 2 :][:length, :length] = x[0, 0]
    W = layer.conv.W.data[0, 0]
    expected = [
        [
            (padded[2 * i : 2 * i + kernel_size, 2 * j : 2 * j + kernel_size] * W).sum()
            for j in range(positions)
        ]
        for i in range(positions)
    ]
    with test_mode():
        y = layer(x).data[0, 0]
    np.testing.assert_allclose(y, np.array(expected) / np.sqrt(1 + 1e-3), rtol=1e-4, atol=1e-5)


def test_residual_where_shapes_are_equal():
    x = numbers(1, 4, 6, 6)
    with test_mode():
        same = InvertedResidual(4, 4, 3, 1, 6)
        h = same.project(F.clip(same.depthwise(F.clip(same.expand(x), 0, 6)), 0, 6))
        np.testing.assert_allclose(same(x).data, x + h.data, rtol=1e-6)
        for other in (InvertedResidual(4, 5, 3, 1, 6), InvertedResidual(4, 4, 3, 2, 6)):
            h = other.project(F.clip(other.depthwise(F.clip(other.expand(x), 0, 6)), 0, 6))
            np.testing.assert_array_equal(other(x).data, h.data)


def test_preprocess():
    image = pytest.importorskip("PIL.Image")
    wide = image.new("RGB", (40, 20), (255, 0, 127))
    wide.paste((0, 0, 0), (0, 0, 10, 20))  # left and right of the middle square
    wide.paste((0, 0, 0), (30, 0, 40, 20))
    x = EfficientNetLite0.preprocess(wide, size=8)
    assert (x.shape, x.dtype) == ((3, 8, 8), np.float32)
    np.testing.assert_allclose(x.reshape(3, -1), np.repeat([[1], [-127 / 128], [0]], 64, axis=1))
    assert EfficientNetLite0.preprocess(image.new("L", (10, 30))).shape == (3, 224, 224)
    deep = image.fromarray(np.full((9, 9), 127 << 8, np.uint16))  # Pillow would clip it to white
    np.testing.assert_array_equal(EfficientNetLite0.preprocess(deep, size=2), 0)
    with pytest.raises(ValueError, match="pixels of mode F have no known range"):
        EfficientNetLite0.preprocess(image.new("F", (9, 9)))
    with pytest.raises(TypeError, match="image must be a Pillow image; got ndarray"):
        EfficientNetLite0.preprocess(np.zeros((3, 4, 4)))


@pytest.mark.cpython
def test_classifies_photographs():
    """With published weights, read from the file that PyTorch wrote: the classes of ImageNet."""
    photographs = pytest.importorskip("photographs", reason="the tools are not in the wheel")
    from tools import efficientnet

    model = EfficientNetLite0(pretrained=efficientnet.weights())
    cats, cups = {281, 282, 285}, {504, 967, 968}  # tabby, tiger and Egyptian cat; coffee mug, espresso, cup
    for name, first, classes in (("chelsea.png", 285, cats), ("coffee.png", 967, cups)):
        x = model.preprocess(photographs.photograph(name))[None]
        with no_grad(), test_mode():
            y = model(x).data[0]
        best = np.argsort(-y)[:5]
        assert best[0] == first
        assert classes <= set(best)
