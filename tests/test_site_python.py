"""The Python of the training page, run on CPython."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from idx_files import idx

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import backends
from pyconvlite._coded import coded
from pyconvlite.backends.simd import library
from pyconvlite.datasets import MNIST
from pyconvlite.optimizers import SGD, Adam
from tab import digits, looking, messages, running, training, trial

MODELS = [training.SmallCNN, training.LeNet, training.MLP]


@pytest.fixture
def mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's folders with few images, whose bright part encodes the label."""
    generator = np.random.default_rng(0)
    for folder, prefix, n in (("0", "train", 60), ("test", "t10k", 40)):
        labels = np.arange(n, dtype=np.uint8) % 10
        images = generator.integers(0, 60, (n, 28, 28), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[2 * label : 2 * label + 4] = 255
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
        (tmp_path / folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    monkeypatch.setattr(training, "DATA", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("mnist")
class TestTraining:
    def test_training_set_is_limited(self) -> None:
        dataset = training.training_set(50)
        assert len(dataset) == 50
        image, label = dataset[13]
        assert (image.shape, image.dtype, label) == ((1, 28, 28), np.float32, 3)
        assert image.max() == 1

    @pytest.mark.parametrize("model_class", MODELS)
    def test_each_model_learns(self, model_class: type[pyconvlite.Model]) -> None:
        pyconvlite.seed(0)
        model = training.build(model_class)
        steps = list(training.train(model, training.training_set(60), Adam(0.01), batch_size=25, epochs=6))
        assert [step.samples for step in steps[:3]] == [25, 50, 60]
        assert [step.epoch for step in steps] == [epoch for epoch in range(1, 7) for _ in range(3)]
        first, last = asyncio.run(training.read([steps[0], steps[-1]]))
        assert (first["epoch"], first["samples"], last["samples"]) == (1, 25, 360)
        assert last["loss"] < first["loss"] / 3
        assert last["accuracy"] > 0.9
        evaluation = training.Evaluation(model, training.test_set())
        assert list(evaluation.run(batch_size=25)) == [25, 40]
        assert evaluation.result()["accuracy"] > 0.9

    def test_learning_rate_falls_in_steps(self) -> None:
        optimizer = SGD(0.5)
        model = training.build(training.MLP)
        dataset = training.training_set(60)
        rates = [optimizer.lr for _ in training.train(model, dataset, optimizer, batch_size=30, epochs=2)]
        assert rates == [0.5, 0.375, 0.25, 0.125]
        optimizer.lr = 0.5
        rates = [optimizer.lr for _ in training.train(model, dataset, optimizer, batch_size=1, epochs=2)]
        assert len(set(rates)) == training.STAIRS
        assert rates[-1] == pytest.approx(0.5 / training.STAIRS)

    def test_nan_loss(self) -> None:
        model = training.build(training.MLP)
        steps = training.train(model, training.training_set(60), SGD(1e30), batch_size=10, epochs=2)
        message = r"the loss is (inf|nan) after \d+ images: lower the learning rate"
        with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=message) as caught:
            asyncio.run(training.read(list(steps)))
        told = messages.message_of(caught.value)
        assert told["code"] == "loss-not-finite"
        assert "the loss is {loss} after {images} images".format(**told["values"]) in told["text"]

    def test_nan_weights_are_not_blamed_on_the_learning_rate(self) -> None:
        model = training.build(training.MLP)
        next(model.params()).data[:] = np.nan
        steps = training.train(model, training.training_set(60), SGD(0.1), batch_size=10, epochs=2)
        with pytest.raises(FloatingPointError, match="start from random weights") as caught:
            asyncio.run(training.read([next(steps)]))
        assert messages.message_of(caught.value)["code"] == "weights-not-finite"

    def test_evaluation_result(self) -> None:
        model = training.build(training.SmallCNN)
        dataset = training.test_set()
        evaluation = training.Evaluation(model, dataset)
        list(evaluation.run())
        result = evaluation.result(worst=5)
        scores = model(np.stack([image for image, _ in dataset])).data
        right = scores.argmax(axis=1) == dataset.label
        assert result["accuracy"] == right.mean()
        assert sum(map(sum, result["confusion"])) == 40
        assert sum(result["confusion"][i][i] for i in range(10)) == right.sum()
        worst = result["mistakes"][0]
        of_label = F.softmax(scores).data[np.arange(40), dataset.label]
        assert of_label[worst["index"]] == pytest.approx(of_label[~right].min())
        assert worst["predicted"] != worst["label"] == dataset.label[worst["index"]]
        assert len(result["mistakes"]) == min(5, (~right).sum())


def test_model_on_the_cpu_is_not_copied() -> None:
    model = training.build(training.MLP)
    assert not training.on_gpu(model)
    assert asyncio.run(training.on_cpu(model)) is model


def test_weights_round_trip(tmp_path: Path) -> None:
    model = training.build(training.LeNet)
    path = tmp_path / "w.npz"
    path.write_bytes(training.weights(model))
    again = training.load(training.LeNet, str(path))
    x = np.ones((1, 1, 28, 28), dtype=np.float32)
    np.testing.assert_array_equal(model(x).data, again(x).data)


@pytest.mark.parametrize(
    ("model_class", "called"), [(training.SmallCNN, "Small CNN"), (training.LeNet, "LeNet")]
)
def test_weights_of_another_network_are_refused(
    model_class: type[pyconvlite.Model], called: str, tmp_path: Path
) -> None:
    path = tmp_path / "w.npz"
    path.write_bytes(training.weights(training.build(model_class)))
    message = f"^w.npz has the weights of {called}: choose {called} as the model"
    with pytest.raises(ValueError, match=message) as caught:
        training.load(training.MLP, str(path))
    assert messages.message_of(caught.value)["code"] == "weights-of-given"
    assert "missing: layers/0/W" in str(caught.value.__cause__)
    np.savez(path, **{"conv1/W": np.zeros((16, 1, 3, 3), np.float32), "head/W": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match="of another network") as caught:
        training.load(training.SmallCNN, str(path))
    told = messages.message_of(caught.value)
    assert told["code"] == "weights-of-another"
    assert told["values"] == {"file": "w.npz", "missing": "5", "unexpected": "1", "misshapen": "1"}


@pytest.mark.parametrize("model_class", MODELS)
def test_number_of_classes(model_class: type[pyconvlite.Model], tmp_path: Path) -> None:
    model = training.build(model_class, 3)
    x = np.ones((2, 1, 28, 28), dtype=np.float32)
    assert model(x).shape == (2, 3)
    path = tmp_path / "w.npz"
    path.write_bytes(training.weights(model))
    np.testing.assert_array_equal(training.load(model_class, str(path), 3)(x).data, model(x).data)
    with pytest.raises(ValueError, match="2 of another shape"):
        training.load(model_class, str(path))


def test_mnist_is_assembled_from_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path / "cache"))
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (9, 28, 28), dtype=np.uint8)
    labels = np.arange(9, dtype=np.uint8)
    for folder, prefix, some in (
        ("0", "train", slice(0, 4)),
        ("1", "train", slice(4, 7)),
        ("test", "t10k", slice(7, 9)),
    ):
        (tmp_path / "parts" / folder).mkdir(parents=True)
        for kind, array in (("images-idx3", images[some]), ("labels-idx1", labels[some])):
            (tmp_path / "parts" / folder / f"{prefix}-{kind}-ubyte").write_bytes(idx(array))
    for prefix, some in (("train", slice(0, 7)), ("t10k", slice(7, 9))):
        for kind, array in (("images-idx3", images[some]), ("labels-idx1", labels[some])):
            sha256 = hashlib.sha256(idx(array)).hexdigest()
            monkeypatch.setitem(digits.SHA256, f"{prefix}-{kind}-ubyte", sha256)
    digits.gather(tmp_path / "parts")
    for train, some in ((True, slice(0, 7)), (False, slice(7, 9))):
        mnist = MNIST(train)
        np.testing.assert_array_equal(mnist.data[:, 0], images[some])
        np.testing.assert_array_equal(mnist.label, labels[some])
    assert not (tmp_path / "parts").exists()


# ------------------------------------------------------------------------------------ the input of a drawing


def test_a_drawing_is_centred_and_scaled() -> None:
    drawing = np.zeros((280, 200))
    drawing[10:110, 20:60] = 1  # a bar of 100 x 40, in a corner
    picture = looking.normalized(drawing)
    assert (picture.shape, picture.dtype) == ((28, 28), np.float32)
    expected = np.zeros((28, 28))
    expected[4:24, 10:18] = 1  # 20 x 8, in the middle
    np.testing.assert_allclose(picture, expected, atol=1e-6)


def test_the_centre_of_mass_is_in_the_middle() -> None:
    drawing = np.zeros((100, 100))
    drawing[10:90, 10:40] = 1
    drawing[60:90, 10:90] = 1  # an L: heavy to the left and below
    picture = looking.normalized(drawing)
    for axis in (0, 1):
        mass = picture.sum(axis=axis)
        centre = (mass * (np.arange(28) + 0.5)).sum() / mass.sum()
        assert abs(centre - 14) <= 0.5
    assert picture.any(axis=1).sum() == 20


def test_small_drawings_are_enlarged_and_thin_ones_kept() -> None:
    dot = np.zeros((50, 50))
    dot[20, 30] = 1
    np.testing.assert_allclose(looking.normalized(dot)[4:24, 4:24], 1)
    line = np.zeros((280, 280))
    line[:, 140] = 1
    assert looking.normalized(line).sum() == pytest.approx(20)


def test_blank_drawing() -> None:
    assert not looking.normalized(np.zeros((280, 280))).any()


def test_resizing_keeps_the_mean() -> None:
    image = np.random.default_rng(1).random((35, 21))
    assert looking.resized(image, 20, 12).mean() == pytest.approx(image.mean())
    np.testing.assert_allclose(looking.resized(image, 35, 21), image)


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.usefixtures("mnist")
def test_look_at_an_example(model_class: type[pyconvlite.Model]) -> None:
    model = training.build(model_class)
    dataset = training.test_set()
    look = looking.look_at_example(model, dataset, 7)
    shapes = {name: list(array["shape"]) for name, array in look.items() if name != "label"}
    assert shapes == {"picture": [28, 28], "probabilities": [10]}
    assert all(array["data"].dtype == np.float32 for name, array in look.items() if name != "label")
    assert look["label"] == 7
    assert look["probabilities"]["data"].sum() == pytest.approx(1)
    assert looking.read(model, dataset, 8, 8)["predicted"][7] == look["probabilities"]["data"].argmax()


@pytest.mark.usefixtures("mnist")
def test_read_equals_plain_numpy() -> None:
    model, dataset = training.build(training.MLP), training.test_set()
    reading = looking.read(model, dataset, 5, 30)
    scores = np.stack([model(dataset[i][0][None]).data[0] for i in range(30)]).astype(np.float64)
    labels = dataset.label[:30]
    assert reading["predicted"] == scores[:5].argmax(axis=1).tolist()
    assert reading["accuracy"] == (scores.argmax(axis=1) == labels).mean()
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(30), labels]
    assert reading["loss"] == pytest.approx(losses.mean(), rel=1e-5)


def own_net(classes: int) -> pyconvlite.Model:
    """A network as the page writes it for a visitor's layers."""
    layers = {
        "conv1": L.Conv2d(4, kernel_size=3),
        "norm1": L.BatchNorm(),
        "relu1": L.ReLU(),
        "pool1": L.MaxPool(2, stride=2),
        "drop1": L.Dropout(0.5),
        "flatten": L.Flatten(),
        "dense1": L.Linear(20),
        "relu2": L.ReLU(),
        "fc": L.Linear(classes),
    }
    return training.Sequential(layers)


@pytest.mark.usefixtures("mnist")
def test_user_defined_net_is_trained_and_inspected() -> None:
    pyconvlite.seed(0)
    model = training.build(own_net, 10)
    list(training.train(model, training.training_set(60), Adam(0.01), batch_size=20, epochs=8))
    dataset = training.test_set()
    assert looking.read(model, dataset, 5, 40)["accuracy"] > 0.8
    copy = training.build(model.make, model.classes)
    assert [name for name, _ in copy.named_params()] == [name for name, _ in model.named_params()]


def test_a_look_at_a_drawing() -> None:
    ink = np.zeros((280, 280), dtype=np.uint8)
    ink[40:240, 130:150] = 255
    look = looking.look_at_drawing(training.build(training.MLP), ink.tobytes(), 280)
    np.testing.assert_allclose(look["picture"]["data"].reshape(28, 28)[4:24, 13:15], 1, atol=1e-6)


def test_gpu_detection() -> None:
    found = asyncio.run(running.find_gpu())
    assert found["missing"]["code"] in ("no-javascript", "no-webgpu")
    assert found["missing"]["text"].startswith("this ")


@pytest.mark.parametrize("batch_size", [1, 40])
def test_step_time(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.02)
    start = perf_counter()
    seconds = asyncio.run(trial.step_seconds(training.build(training.MLP), batch_size))
    assert 0 < seconds < perf_counter() - start


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ({"SIMD": 0.01, "WebGPU": 0.032}, {"fast": "SIMD", "slow": "WebGPU", "times": "3.2"}),
        ({"NumPy": 0.5, "WebGPU": 0.0333}, {"fast": "WebGPU", "slow": "NumPy", "times": "15"}),
        ({"SIMD": 0.01, "WebGPU": 0.0095}, {"one": "WebGPU", "other": "SIMD"}),
    ],
)
def test_advice_on_kernels(seconds: dict[str, float], said: dict[str, str]) -> None:
    message = trial.advice(seconds)
    assert message["code"] == ("trial-faster" if "times" in said else "trial-alike")
    assert message["values"] == said


def test_versions() -> None:
    assert running.versions()["pyconvlite"] == pyconvlite.__version__
    with backends.use("numpy"):
        kernels = running.versions()["kernels"]
    assert (kernels["code"], kernels["values"]["reason"]["code"]) == ("kernels-numpy", "chosen")


def test_active_kernels_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ImportError("relaxed.wasm does not load: no memory")
    coded(error, "simd-unloadable", reason=OSError("no memory"))
    monkeypatch.setattr(library, "load", failing(error))
    with pytest.warns(RuntimeWarning), backends.use("auto"):
        kernels = running.kernels()
    assert kernels["code"] == "kernels-numpy"
    reason = {"code": "simd-unloadable", "values": {"reason": "no memory"}, "text": str(error)}
    assert kernels["values"] == {"reason": reason}


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail
