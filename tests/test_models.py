import copy
import io
import pickle

import numpy as np
import pytest
from conditions import numbers
from shorthands import names

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import DataLoader, Layer, Model, test_mode
from pyconvlite.models import MLP, LeNet, Sequential
from pyconvlite.optimizers import Adam, MomentumSGD


def test_model_is_a_layer():
    assert issubclass(Model, Layer)
    assert all(issubclass(model, Model) for model in (Sequential, MLP, LeNet))


# ------------------------------------------------------------------------------------------- Sequential


def test_sequential_calls_layers_and_functions_in_order():
    first, last = L.Linear(3, in_size=2), L.Linear(1, in_size=3)
    model = Sequential(first, F.relu, last)
    x = numbers(4, 2)
    np.testing.assert_array_equal(model(x).data, last(F.relu(first(x))).data)
    assert names(model) == ["layers/0/W", "layers/0/b", "layers/2/W", "layers/2/b"]
    assert model.layers == [first, F.relu, last]
    assert not hasattr(model, "l0")  # which DeZero has


def test_empty_sequential_is_the_identity():
    x = numbers(2)
    assert Sequential()(x) is x


def test_sequentials_nest():
    model = Sequential(Sequential(L.Linear(2, in_size=2)), F.tanh)
    assert names(model) == ["layers/0/layers/0/W", "layers/0/layers/0/b"]
    assert model(numbers(3, 2)).shape == (3, 2)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((F.relu, 3), "got int at index 1"),
        (([F.relu],), r"got list at index 0: write Sequential\(\*layers\)"),
        ((None,), "got NoneType at index 0"),
        ((F.relu, L.Flatten), r"got a class at index 1: write Flatten\(\)"),
    ],
)
def test_sequential_rejects_non_callables(layers, message):
    with pytest.raises(TypeError, match=message):
        Sequential(*layers)


def named_model():
    return Sequential({"hidden": L.Linear(3, in_size=2), "relu": F.relu, "out": L.Linear(1, in_size=3)})


def test_sequential_with_names():
    model = named_model()
    assert names(model) == ["hidden/W", "hidden/b", "out/W", "out/b"]
    assert model.layers == [model.hidden, F.relu, model["out"]]
    x = numbers(4, 2)
    np.testing.assert_array_equal(model(x).data, model.out(F.relu(model.hidden(x))).data)
    assert [name for name, _ in model.named_modules()] == ["", "hidden", "out"]
    file = io.BytesIO()
    model.save_weights(file)
    file.seek(0)
    other = named_model()
    other.load_weights(file)
    np.testing.assert_array_equal(other(x).data, model(x).data)
    copied = pickle.loads(pickle.dumps(model))
    assert names(copied) == names(model)
    assert copied["hidden"] is copied.layers[0] is copied.hidden


def test_sequential_as_a_list():
    layers = [L.Linear(3, in_size=2), F.relu, L.Linear(1, in_size=3)]
    model = Sequential(*layers)
    assert (len(model), list(model), model[0], model[-1]) == (3, layers, layers[0], layers[2])
    part = model[:2]
    assert isinstance(part, Sequential)
    assert part.layers == layers[:2]
    assert next(part.params()) is layers[0].W
    assert (model[::-2].layers, len(model[3:])) == ([layers[2], layers[0]], 0)
    x = numbers(4, 2)
    np.testing.assert_array_equal(model[1:](model[:1](x)).data, model(x).data)


def test_slice_of_named_layers_keeps_the_names():
    model = named_model()
    part = model[1:]
    assert names(part) == ["out/W", "out/b"]
    assert part.out is model.out
    assert names(model[:0]) == []


@pytest.mark.parametrize(
    ("make", "index"), [(lambda: Sequential(L.Linear(3), F.relu), 0), (named_model, "out")]
)
def test_replace_a_layer_by_index(make, index):
    model = make()
    before = names(model)
    model(numbers(4, 2))
    layer = L.Linear(5)
    model[index] = layer
    assert model[index] is layer
    assert layer in model.layers
    assert names(model) == before
    assert any(param is layer.W for param in model.params())


def test_replace_a_named_layer_as_an_attribute():
    model = named_model()
    before = names(model)
    model.out = L.Linear(5, in_size=3)
    assert model(numbers(4, 2)).shape == (4, 5)
    assert model["out"] is model[-1] is model.out
    assert names(model) == before
    with pytest.raises(TypeError, match="got int at index 'out'"):
        model.out = 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Sequential({"a": 3}), TypeError, "got int at index 0"),
        (lambda: Sequential({0: F.relu}), TypeError, "names of layers must be strings; got 0"),
        (lambda: Sequential({"a/b": F.relu}), ValueError, "slash; got 'a/b'"),
        (lambda: Sequential({"": F.relu}), ValueError, "must not be empty"),
        (lambda: Sequential({"forward": F.relu}), ValueError, "has an attribute 'forward'; use another name"),
        (lambda: Sequential({"layers": F.relu}), ValueError, "has an attribute 'layers'"),
        (lambda: named_model()["b"], KeyError, "no layer is named 'b'; there are hidden, relu, out"),
        (lambda: Sequential(F.relu)["b"], KeyError, "no layer is named 'b'; there are no names"),
        (lambda: Sequential(F.relu)[1], IndexError, "index 1 is out of range for a Sequential of 1 layers"),
        (lambda: Sequential(F.relu)[-2], IndexError, "index -2"),
        (lambda: Sequential(F.relu)[0.0], TypeError, "index must be an integer, a slice or a name; got 0.0"),
        (lambda: Sequential(F.relu).__setitem__(0, L.ReLU), TypeError, r"a class at index 0: write ReLU\(\)"),
    ],
)
def test_invalid_names_and_indexes(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ------------------------------------------------------------------------------------------- MLP


def test_mlp_is_linear_layers_with_the_activation_between():
    model = MLP((3, 4, 2))
    x = numbers(5, 6)
    y = model(x)
    l0, l1, l2 = model.layers
    np.testing.assert_array_equal(y.data, l2(F.sigmoid(l1(F.sigmoid(l0(x))))).data)
    assert [p.shape for p in model.params()] == [(6, 3), (3,), (3, 4), (4,), (4, 2), (2,)]
    assert names(model)[:2] == ["layers/0/W", "layers/0/b"]
    assert not hasattr(model, "l0")  # which DeZero has


def test_mlp_with_another_activation():
    model = MLP([3, 2], activation=F.relu)
    x = numbers(5, 6)
    y = model(x)
    np.testing.assert_array_equal(y.data, model.layers[1](F.relu(model.layers[0](x))).data)


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ((), ValueError, "fc_output_sizes must have at least one size"),
        ((3, 0), ValueError, "fc_output_sizes must be at least 1; got 0"),
        ((3, 1.5), TypeError, "fc_output_sizes must be an integer.* 1.5"),
        (10, TypeError, "fc_output_sizes must be a tuple or list of sizes; got 10"),
        ("10", TypeError, "fc_output_sizes must be a tuple or list of sizes; got '10'"),
    ],
)
def test_mlp_errors(sizes, error, message):
    with pytest.raises(error, match=message):
        MLP(sizes)


def test_mlp_rejects_invalid_activation():
    with pytest.raises(TypeError, match=r"activation must be a function, .*; got 'relu'"):
        MLP((3, 1), activation="relu")
    with pytest.raises(TypeError, match=r"activation must be a function, .*; got <class"):
        MLP((3, 1), activation=L.ReLU)


# ------------------------------------------------------------------------------------------- LeNet


def test_lenet_layers():
    shapes = {name: p.shape for name, p in LeNet().named_params()}
    assert shapes == {
        "conv1/W": (6, 1, 5, 5),
        "conv1/b": (6,),
        "conv2/W": (16, 6, 5, 5),
        "conv2/b": (16,),
        "fc1/W": (400, 120),
        "fc1/b": (120,),
        "fc2/W": (120, 84),
        "fc2/b": (84,),
        "fc3/W": (84, 10),
        "fc3/b": (10,),
    }


def test_lenet_equals_its_description():
    model = LeNet()
    x = numbers(3, 1, 28, 28)
    h = np.maximum(model.conv1(x).data, 0).reshape(3, 6, 14, 2, 14, 2).max(axis=(3, 5))
    h = np.maximum(model.conv2(h).data, 0).reshape(3, 16, 5, 2, 5, 2).max(axis=(3, 5))
    h = h.reshape(3, 400)
    for fc in (model.fc1, model.fc2):
        h = np.maximum(h @ fc.W.data + fc.b.data, 0)
    expected = h @ model.fc3.W.data + model.fc3.b.data
    np.testing.assert_allclose(model(x).data, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", [0, 1, 5])
def test_lenet_batch_sizes(batch):
    y = LeNet(num_classes=7)(np.zeros((batch, 1, 28, 28), np.float32))
    assert y.shape == (batch, 7)
    assert y.dtype == np.float32


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 784), r"x must have 4 axes"),
        ((2, 3, 28, 28), r"channels along axis 1; got x \(2, 3, 28, 28\)"),
        ((2, 1, 32, 32), r"the same `in`; got \(2, 576\), \(400, 120\)"),
        ((2, 1, 4, 4), r"kernel_size 5 is larger than the padded input"),
    ],
)
def test_lenet_rejects_other_image_sizes(shape, words):
    with pytest.raises(ValueError, match=words):
        LeNet()(np.zeros(shape, np.float32))


def test_lenet_num_classes():
    with pytest.raises(ValueError, match="at least 1; got 0"):
        LeNet(num_classes=0)


# ------------------------------------------------------------------------------------------- learning


def bars(n, seed):
    """Noisy 12 x 12 images of a horizontal or a vertical bar, or of a diagonal: three classes."""
    rng = np.random.default_rng(seed)
    t = rng.integers(3, size=n)
    x = 0.3 * rng.standard_normal((n, 1, 12, 12)).astype(np.float32)
    for image, label in zip(x, t, strict=True):
        at, length = rng.integers(1, 11), np.arange(12)
        rows, columns = [(at, length), (length, at), (length, (length + at) % 12)][label]
        image[0, rows, columns] += 1
    return x, t


def train(model, optimizer, x, t, epochs):
    optimizer.setup(model)
    for _ in range(epochs):
        for xb, tb in DataLoader(list(zip(x, t, strict=True)), batch_size=32):
            loss = F.softmax_cross_entropy(model(xb), tb)
            model.cleargrads()
            loss.backward()
            assert {p.grad.dtype for p in model.params()} == {np.dtype(np.float32)}
            optimizer.update()
    assert {p.dtype for p in model.params()} == {np.dtype(np.float32)}
    assert loss.dtype == np.float32


def small_cnn():
    return Sequential(
        L.Conv2d(8, 3, pad=1),
        F.relu,
        lambda x: F.pooling(x, 2, 2),
        L.Conv2d(8, 3),
        F.relu,
        F.flatten,
        L.Linear(3),
    )


@pytest.mark.parametrize(
    ("make", "prepare", "optimizer"),
    [
        (small_cnn, lambda x: x, MomentumSGD(0.02)),
        (lambda: MLP((64, 3), activation=F.relu), lambda x: x.reshape(len(x), -1), Adam(0.003)),
    ],
    ids=["cnn", "mlp"],
)
def test_learned_model_survives_save_and_load(make, prepare, optimizer, tmp_path):
    pyconvlite.seed(0)
    x, t = bars(512, seed=1)
    model = make()
    train(model, optimizer, prepare(x), t, epochs=5)

    x_test, t_test = bars(200, seed=2)
    with test_mode():
        y = model(prepare(x_test))
    assert F.accuracy(y, t_test).item() > 0.9

    model.save_weights(tmp_path / "weights.npz")
    other = make()
    other.load_weights(tmp_path / "weights.npz")
    np.testing.assert_array_equal(other(prepare(x_test)).data, y.data)


def test_seed_makes_training_repeatable():
    def run():
        pyconvlite.seed(3)
        model = Sequential(L.Linear(8), F.relu, F.dropout, L.Linear(3))
        x, t = bars(64, seed=1)
        train(model, MomentumSGD(0.1), x.reshape(64, -1), t, epochs=2)
        return [p.data for p in model.params()]

    for first, again in zip(run(), run(), strict=True):
        np.testing.assert_array_equal(first, again)


def test_replacing_a_layer_in_a_copy_keeps_the_original():
    model = Sequential({"hidden": L.Linear(3, in_size=2), "out": L.Linear(2, in_size=3)})
    other = copy.copy(model)
    other["out"] = L.Linear(9, in_size=3)
    assert model["out"] is model.out is model[-1]
    assert model(np.zeros((1, 2), np.float32)).shape == (1, 2)
    assert other(np.zeros((1, 2), np.float32)).shape == (1, 9)
