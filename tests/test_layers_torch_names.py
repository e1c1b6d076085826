"""state_dict and load_state_dict: PyTorch's names, layouts and rules."""

import io

import numpy as np
import pytest
import torch_files
from conditions import numbers
from shorthands import traced_memory

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Model, Parameter, Variable, _platform, test_mode
from pyconvlite.layers import torch_names
from pyconvlite.layers.walk import walk
from pyconvlite.models import MLP, VGG16, EfficientNetLite0, ResNet50, ResNet101, Sequential, base, resnet


class Net(Model):
    """A model as a user writes it."""

    def __init__(self):
        self.conv1 = L.Conv2d(4, 3, in_channels=2, groups=2)
        self.up = L.Deconv2d(3, 2, in_channels=4)
        self.blocks = [L.BatchNorm(3), Sequential({"fc": L.Linear(2, in_size=3), "act": F.relu})]
        self.scale = Parameter(np.ones(2, np.float32), "scale")


KEYS = {
    "conv1.weight": (4, 1, 3, 3),
    "conv1.bias": (4,),
    "up.weight": (4, 3, 2, 2),
    "up.bias": (3,),
    "blocks.0.running_mean": (3,),
    "blocks.0.running_var": (3,),
    "blocks.0.weight": (3,),
    "blocks.0.bias": (3,),
    "blocks.1.fc.weight": (2, 3),
    "blocks.1.fc.bias": (2,),
    "scale": (2,),
}


def test_state_dict_names_shapes_and_layouts():
    net = Net()
    state = net.state_dict()
    assert {key: array.shape for key, array in state.items()} == KEYS
    np.testing.assert_array_equal(state["blocks.1.fc.weight"], net.blocks[1].fc.W.data.T)
    np.testing.assert_array_equal(state["conv1.weight"], net.conv1.W.data)
    assert all(array.flags.c_contiguous for array in state.values())
    state["scale"][:] = 7  # a copy
    np.testing.assert_array_equal(net.scale.data, [1, 1])


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (L.Linear(3, in_size=2), {"weight": (3, 2), "bias": (3,)}),
        (L.Conv1d(3, 5, in_channels=2), {"weight": (3, 2, 5), "bias": (3,)}),
        (L.DepthwiseConv2d(3, in_channels=2), {"weight": (2, 1, 3, 3), "bias": (2,)}),
        (L.LayerNorm(4), {"weight": (4,), "bias": (4,)}),
        (L.EmbedID(5, 3), {"weight": (5, 3)}),
        (L.PReLU(3), {"weight": (3,)}),
    ],
)
def test_layers_with_a_counterpart_in_pytorch(layer, shapes):
    assert {key: array.shape for key, array in layer.state_dict().items()} == shapes


def test_containers_add_only_indexes():
    nested = Sequential(Sequential(L.Linear(2, in_size=1)), F.relu, L.Linear(1, in_size=2))
    assert list(nested.state_dict()) == ["0.0.weight", "0.0.bias", "2.weight", "2.bias"]
    mlp = MLP((3, 2))
    mlp(numbers(1, 1))
    assert list(mlp.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_round_trip():
    net, other = Net(), Net()
    assert other.load_state_dict(net.state_dict()) == ([], [])
    for (name, param), (_, copied) in zip(net.named_params(), other.named_params(), strict=True):
        np.testing.assert_array_equal(copied.data, param.data, err_msg=name)
        assert copied.data.flags.c_contiguous
        assert not np.shares_memory(copied.data, param.data)


def test_lazy_layers_take_their_sizes_from_a_state_dict():
    linear, conv = L.Linear(3), L.Conv2d(2, 3)
    linear.load_state_dict({"weight": numbers(3, 5), "bias": numbers(3)})
    conv.load_state_dict({"weight": numbers(2, 4, 3, 3), "bias": numbers(2)})
    assert (linear.in_size, conv.in_channels) == (5, 4)


def test_each_parameter_keeps_its_dtype():
    linear = L.Linear(1, in_size=2, dtype=np.float16)
    linear.load_state_dict({"weight": np.array([[0.1, 2.0]]), "bias": np.zeros(1)})
    assert linear.W.dtype == np.float16
    with pytest.raises(ValueError, match="weight has numbers that exceed the range of float16"):
        linear.load_state_dict({"weight": np.array([[1e6, 2.0]]), "bias": np.ones(1)})
    assert linear.b.data == 0
    linear.load_state_dict({"weight": np.array([[np.inf, np.nan]]), "bias": np.zeros(1)})  # loaded unchanged


class Tensor:
    """Converts to NumPy as a tensor of PyTorch: without a graph, on the CPU, and not as bfloat16."""

    def __init__(self, array, dtype="torch.float32", has_graph=True):
        self.array, self.dtype, self.has_graph = array, dtype, has_graph

    def detach(self):
        return Tensor(self.array, self.dtype, has_graph=False)

    def cpu(self):
        return self

    def float(self):
        return Tensor(self.array, has_graph=self.has_graph)

    def __array__(self, dtype=None, copy=None):
        if self.has_graph or self.dtype == "torch.bfloat16":
            raise TypeError
        return self.array


@pytest.mark.parametrize(
    "convert", [Variable, Tensor, lambda array: Tensor(array, "torch.bfloat16"), lambda array: array.tolist()]
)
def test_accepts_tensors_variables_and_lists(convert):
    linear = L.Linear(3, in_size=2)
    weight, bias = numbers(3, 2), numbers(3)
    linear.load_state_dict({"weight": convert(weight), "bias": convert(bias)})
    np.testing.assert_array_equal(linear.W.data, weight.T.astype(np.float32))
    np.testing.assert_array_equal(linear.b.data, bias.astype(np.float32))


def test_mismatched_keys_are_named_and_nothing_changes():
    net = Net()
    before = net.state_dict()
    state = {key: array + 1 for key, array in before.items()}
    del state["conv1.bias"]
    state["up.weight"] = np.zeros((3, 4, 2, 2))
    state["blocks.1.fc.weight"] = np.zeros((3, 2))
    state["blocks.0.weight"] = np.zeros(3, np.int64)
    state["fc.weight"] = np.zeros(3)
    message = (
        r"the weights in the state dict do not fit the model: missing: conv1.bias; unexpected: fc.weight; "
        r"up.weight has shape \(3, 4, 2, 2\); the model needs \(4, 3, 2, 2\); "
        r"blocks.0.weight has dtype int64; the model needs floats; "
        r"blocks.1.fc.weight has shape \(3, 2\); the model needs \(2, 3\)"
    )
    with pytest.raises(ValueError, match=message):
        net.load_state_dict(state)
    with pytest.raises(ValueError, match=r"up.weight.*blocks.0.weight.*blocks.1.fc.weight"):
        net.load_state_dict(state, strict=False)
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[key])


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_prefix_of_a_wrapper_is_ignored(prefix):
    model, other = Net(), Net()
    state = {f"{prefix}{key}": array for key, array in model.state_dict().items()}
    keys = other.load_state_dict(state | {f"{prefix}bn.num_batches_tracked": np.array(3)})
    assert keys == ([], [])
    for key, array in other.state_dict().items():
        np.testing.assert_array_equal(array, model.state_dict()[key])
    with pytest.raises(ValueError, match=r"do not fit the model: missing: scale$"):
        other.load_state_dict({key: array for key, array in state.items() if "scale" not in key})
    assert set(Net().load_state_dict(state, strict=False).unexpected) == set(state)
    for others in ({"conv1.bias": 0}, {"fc.weight": 0}, {0: 0}, {f"{prefix}y": 0}):
        with pytest.raises(ValueError, match=rf"unexpected: {prefix}x"):
            Net().load_state_dict({f"{prefix}x": np.zeros(1)} | others)


def test_npz_archive_with_pytorch_names():
    model = Net()
    model.scale.data[:] = 5
    file = io.BytesIO()
    np.savez(file, **model.state_dict())
    file.seek(0)
    other = Net()
    with pytest.raises(ValueError, match="do not fit the model: missing: conv1/W") as error:
        other.load_weights(file)
    assert "which load_state_dict(numpy.load(file)) takes" in error.value.__notes__[0]
    file.seek(0)
    other.load_state_dict(np.load(file))
    assert other.scale.data.tolist() == [5, 5]
    file = io.BytesIO()
    Sequential(L.Linear(2, in_size=3)).save_weights(file)
    file.seek(0)
    with pytest.raises(ValueError, match="do not fit the model: missing: conv1/W") as error:
        other.load_weights(file)
    assert not hasattr(error.value, "__notes__")


def test_strict_false():
    net = Net()
    before = net.state_dict()
    keys = net.load_state_dict({"scale": np.array([3.0, 4.0]), "head.weight": np.zeros(2)}, strict=False)
    assert keys.unexpected == ["head.weight"]
    assert keys.missing == [key for key in KEYS if key != "scale"]
    np.testing.assert_array_equal(net.scale.data, [3, 4])
    np.testing.assert_array_equal(net.state_dict()["up.weight"], before["up.weight"])


def test_parameters_without_data():
    with pytest.raises(ValueError, match="no data yet in W"):
        L.Linear(3).state_dict()


def test_two_parameters_with_one_key(tmp_path):
    net = Net()
    net.blocks[0].W = Parameter(np.ones(3, np.float32))  # gamma is "weight", too
    for call in (net.state_dict, lambda: net.save_weights(tmp_path / "net.safetensors")):
        with pytest.raises(ValueError, match=r"blocks/0/W .* PyTorch's key 'blocks.0.weight'; rename"):
            call()
    net.save_weights(tmp_path / "net.npz")  # which has our names


# ------------------------------------------------------------------------------------------------- files


def net_of_pytorch():
    return Sequential(L.Conv2d(2, 2, in_channels=1), L.BatchNorm(2))


@pytest.mark.parametrize("form", ["ZIP", "OLDER"])
@pytest.mark.parametrize("as_path", [True, False])
def test_weights_saved_by_pytorch(form, as_path, tmp_path):
    data = torch_files.unpacked(getattr(torch_files, f"CHECKPOINT_{form}"))
    path = tmp_path / "any.name"
    path.write_bytes(data)
    net = net_of_pytorch()
    net.load_weights(path if as_path else io.BytesIO(data))
    np.testing.assert_allclose(net[0].b.data, [-0.04437202215194702, 0.1323062777519226])
    np.testing.assert_allclose(net[1].avg_mean.data, [-0.05593857169151306, 0.046034593135118484])
    np.testing.assert_allclose(net[0].W.data[1, 0, 0, 1], 0.13407868146896362)


def test_mismatched_weights_name_the_file(tmp_path):
    path = tmp_path / "net.pt"
    path.write_bytes(torch_files.unpacked(torch_files.CHECKPOINT_ZIP))
    with pytest.raises(ValueError, match=r"the weights in '.*net\.pt' do not fit the model: missing: weight"):
        L.Linear(3).load_weights(path)


@pytest.mark.parametrize("suffix", ["safetensors", "SafeTensors"])
def test_safetensors_by_the_suffix(tmp_path, suffix):
    net, other = Net(), Net()
    path = tmp_path / f"net.{suffix}"
    net.save_weights(path)
    safetensors = pytest.importorskip("safetensors.numpy")
    assert {key: array.shape for key, array in safetensors.load_file(path).items()} == KEYS
    other.load_weights(path)
    np.testing.assert_array_equal(other.up.W.data, net.up.W.data)
    with pytest.raises(ValueError, match=rf"net\.{suffix}' do not fit the model: .*unexpected: blocks"):
        L.Linear(3).load_weights(path)


def test_loading_takes_little_more_than_the_file_and_the_weights(tmp_path):
    linear = L.Linear(1000, in_size=1000)
    linear.save_weights(tmp_path / "net.safetensors")
    with traced_memory() as memory:
        linear.load_weights(tmp_path / "net.safetensors")
    assert memory.peak < 2.1 * linear.W.data.nbytes


# ------------------------------------------------------------------------------------------------- models


def names(*layers, parts=("weight", "bias")):
    return {f"{layer}.{part}" for layer in layers for part in parts}


NORM = ("weight", "bias", "running_mean", "running_var")


@pytest.mark.cpython
def test_vgg16_keys_equal_torchvision():
    indexes = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    expected = names(*[f"features.{i}" for i in indexes], *[f"classifier.{i}" for i in (0, 3, 6)])
    assert torch_names.entries(walk(VGG16())).keys() == expected


def torchvisions(blocks):
    """Keys of torchvision's ResNets with so many blocks in each stage."""
    keys = names("conv1", parts=["weight"]) | names("bn1", parts=NORM) | names("fc")
    for stage, n in enumerate(blocks, 1):
        for i in range(n):
            for k in (1, 2, 3):
                keys |= names(f"layer{stage}.{i}.conv{k}", parts=["weight"])
                keys |= names(f"layer{stage}.{i}.bn{k}", parts=NORM)
        keys |= names(f"layer{stage}.0.downsample.0", parts=["weight"])
        keys |= names(f"layer{stage}.0.downsample.1", parts=NORM)
    return keys


@pytest.mark.parametrize(("make", "blocks"), [(ResNet50, (3, 4, 6, 3)), (ResNet101, (3, 4, 23, 3))])
def test_resnet_keys_equal_torchvision(make, blocks):
    keys = torch_names.entries(walk(make())).keys()
    assert keys == torchvisions(blocks) | {"conv1.bias"}  # which DeZero's has


def small_resnet():
    """A ResNet50 of which all convolutions have few channels."""
    model = ResNet50()
    for layer in model.modules():
        if isinstance(layer, L.Conv2d):
            layer.out_channels = max(1, layer.out_channels // 64)
            layer.__init__(layer.out_channels, layer.kernel_size, layer.stride, layer.pad, layer.b is None)
    model(numbers(1, 3, 32, 32))
    return model


def test_resnet_loads_torchvision_weights():
    model = small_resnet()
    x = numbers(1, 3, 64, 64)
    state = model.state_dict()
    bias = state.pop("conv1.bias") + 1
    state["bn1.num_batches_tracked"] = np.array(3)
    broken = state | {"fc.weight": np.zeros(3)}
    with pytest.raises(ValueError, match=r"fc.weight"):
        model.load_state_dict(broken)
    assert model.conv1.b is not None
    before = {layer.eps for layer in model.modules() if isinstance(layer, L.BatchNorm)}
    assert before == {2e-5}
    model.load_state_dict(state)
    assert model.conv1.b is None
    assert {layer.eps for layer in model.modules() if isinstance(layer, L.BatchNorm)} == {1e-5}
    with test_mode():
        y = model(x).data
        # torchvision's: padded max pooling; the stride of a stage in the 3 x 3 convolution.
        h = F.pooling(F.relu(model.bn1(F.conv2d(x, model.conv1.W, None, 2, 3))), 3, 2, 1)
        for stage in (model.res2, model.res3, model.res4, model.res5):
            stride = 1 if stage is model.res2 else 2
            a = stage.a
            g = F.relu(a.bn1(F.conv2d(h, a.conv1.W)))
            g = F.relu(a.bn2(F.conv2d(g, a.conv2.W, None, stride, 1)))
            h = F.relu(a.bn3(F.conv2d(g, a.conv3.W)) + a.bn4(F.conv2d(h, a.conv4.W, None, stride)))
            for name in stage._bottlenecks[1:]:
                h = getattr(stage, name)(h)
        expected = model.fc6(F.flatten(F.global_average_pooling(h))).data
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    assert "conv1.bias" not in model.state_dict()
    with pytest.raises(ValueError, match=r"unexpected: conv1.bias"):
        model.load_state_dict(state | {"conv1.bias": bias})


def test_efficientnet_keys_equal_its_package():
    keys = EfficientNetLite0().state_dict().keys()
    expected = (
        names("_conv_stem", "_conv_head", parts=["weight"]) | names("_bn0", "_bn1", parts=NORM) | names("_fc")
    )
    for i in range(16):
        block = f"_blocks.{i}"
        convs, norms = ["_depthwise_conv", "_project_conv"], ["_bn1", "_bn2"]
        if i:
            convs, norms = ["_expand_conv", *convs], ["_bn0", *norms]
        expected |= names(*[f"{block}.{name}" for name in convs], parts=["weight"])
        expected |= names(*[f"{block}.{name}" for name in norms], parts=NORM)
    assert keys == expected
    assert len(keys) == 296 - 49  # PyTorch counts the batches of each of the 49 normalizations, too


def test_submodels():
    body = Sequential({"body": EfficientNetLite0(2), "out": L.Linear(1, in_size=2)})
    assert {"body._conv_stem.weight", "body._blocks.3._bn0.bias", "out.weight"} <= body.state_dict().keys()


@pytest.mark.parametrize("kind", [None, bytes, bytearray, memoryview])
def test_pretrained_weights(kind, tmp_path):
    model = EfficientNetLite0(2)
    path = tmp_path / "net.safetensors"
    model.save_weights(path)
    loaded = EfficientNetLite0(2, pretrained=kind(path.read_bytes()) if kind else path)
    np.testing.assert_array_equal(loaded.classifier.W.data, model.classifier.W.data)
    with pytest.raises(ValueError, match=r"_fc.weight has shape"):
        EfficientNetLite0(3, pretrained=path)


@pytest.mark.cpython
def test_pretrained_weights_of_the_site_in_its_notebooks(tmp_path, monkeypatch):
    model = EfficientNetLite0(2)
    fetched = []

    def get_file(url):
        fetched.append(url)
        model.save_weights(tmp_path / "fetched.safetensors")
        return str(tmp_path / "fetched.safetensors")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(base, "get_file", get_file)
    with pytest.raises(FileNotFoundError):
        EfficientNetLite0(2, pretrained="weights/net.safetensors")
    monkeypatch.setattr(_platform, "location", lambda: "https://host/a/lite/extensions/kernel.js")
    loaded = EfficientNetLite0(2, pretrained="weights/net.safetensors")
    np.testing.assert_array_equal(loaded.classifier.W.data, model.classifier.W.data)
    EfficientNetLite0(2, pretrained="fetched.safetensors")  # which exists
    assert fetched == ["https://host/a/weights/net.safetensors"]


@pytest.mark.parametrize("prefix", ["", "module.", "module._orig_mod."])
def test_torchvision_variant_loads_weights_without_conv1_bias(prefix, monkeypatch):
    monkeypatch.setitem(resnet._BLOCKS, 50, (1, 1, 1, 1))
    model, x = ResNet50(), np.ones((1, 3, 32, 32), np.float32)
    model(x)
    state = model.state_dict()
    del state["conv1.bias"]
    model.load_state_dict({f"{prefix}{key}": array for key, array in state.items()})
    file = io.BytesIO()
    model.save_weights(file)
    file.seek(0)
    other = ResNet50(torchvision=True)
    other.load_weights(file)
    with test_mode():
        np.testing.assert_array_equal(other(x).data, model(x).data)


class Tied(L.Layer):
    """One matrix under two names, of which PyTorch's files have both."""

    def __init__(self):
        super().__init__()
        self.a, self.b = L.Linear(2, in_size=2), L.Linear(2, in_size=2)
        self.b.W = self.a.W


@pytest.mark.parametrize("names", [("a", "b"), ("a",), ("b",)])
def test_shared_parameter_loads_from_any_of_its_names(names):
    model, weight = Tied(), numbers(2, 2)
    assert list(model.state_dict()) == ["a.weight", "a.bias", "b.bias"]
    mapping = {f"{name}.weight": weight for name in names} | {"a.bias": numbers(2), "b.bias": numbers(2)}
    assert model.load_state_dict(mapping) == ([], [])
    np.testing.assert_array_equal(model.a.W.data, weight.T)
    assert model.a.W is model.b.W


def test_strict_must_be_a_bool():
    with pytest.raises(TypeError, match="strict must be True or False; got 'no'"):
        Tied().load_state_dict({}, "no")


@pytest.mark.parametrize("model", [Tied, ResNet50])
@pytest.mark.parametrize("mapping", [None, "weights.npz"])
def test_state_dict_must_be_a_mapping(model, mapping):
    with pytest.raises(TypeError, match=r"mapping must have arrays by keys; .*; load_weights reads"):
        model().load_state_dict(mapping)


def test_two_arrays_for_a_shared_parameter_must_be_equal():
    model = Tied()
    before = model.a.W.data.copy()
    state = model.state_dict()
    state["b.weight"] = state["a.weight"] + 1
    with pytest.raises(ValueError, match=r"a\.weight and b\.weight differ in the state dict"):
        model.load_state_dict(state)
    np.testing.assert_array_equal(model.a.W.data, before)
