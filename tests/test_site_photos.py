"""The Python that learns photos in colour, with a network of random weights on small pictures."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

import pyconvlite
from pyconvlite import _safetensors, html_page, no_grad, onnx, project, test_mode
from pyconvlite.models import EfficientNetLite0
from tab import taking
from tab.photos import Photos, normalized

SIZE = 40  # odd sizes of maps below


def picture(label: int, seed: int) -> bytes:
    """Red, green or blue, not quite."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 60, (SIZE, SIZE, 4), dtype=np.uint8)
    pixels[..., label] += 180
    pixels[..., 3] = 255
    return pixels.tobytes()


@pytest.fixture(scope="module")
def weights() -> bytes:
    pyconvlite.seed(3)
    file = io.BytesIO()
    _safetensors.write(file, EfficientNetLite0().state_dict())
    return file.getvalue()


@pytest.fixture(scope="module")
def trained(weights: bytes) -> Photos:
    """Three classes of six pictures, learnt."""
    learner, labels = Photos(weights, SIZE), np.repeat(np.arange(3), 6).tolist()
    for number, label in enumerate(labels):
        learner.add([number], [picture(label, number)])
    pyconvlite.seed(1)
    steps = list(learner.train(list(range(18)), labels, 3, deep=False))
    assert steps[-1]["done"] == steps[-1]["total"]
    assert steps[-1]["loss"] < steps[0]["loss"]
    return learner


def shares(learner: Photos, label: int = 1) -> list[float]:
    found: list[float] = learner.look(picture(label, 99))["probabilities"]
    return found


def test_input_equals_preprocess() -> None:
    image = pytest.importorskip("PIL.Image")
    rgba = np.frombuffer(picture(0, 0), np.uint8).reshape(SIZE, SIZE, 4)
    expected = EfficientNetLite0.preprocess(image.fromarray(rgba), SIZE)
    np.testing.assert_array_equal(normalized(picture(0, 0)), expected)


def test_trunk_and_tail_equal_the_network(trained: Photos) -> None:
    x = normalized(picture(2, 50))[None]
    with no_grad(), test_mode():
        expected = trained.body(x).data
        found = trained.tail(trained.trunk(x).data).data
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_unseen_pictures_are_recognized(trained: Photos) -> None:
    assert [int(np.argmax(shares(trained, label))) for label in range(3)] == [0, 1, 2]
    assert (trained.result()["right"], trained.result()["total"]) == (3, 3)


def test_computed_features_are_restored(trained: Photos, weights: bytes) -> None:
    other = Photos(weights, SIZE)
    (kept,) = other.add([0], [picture(0, 1)])
    other.put(1, kept)
    np.testing.assert_array_equal(other.taken[1], trained.taken[1])
    assert other.taken[1].dtype == np.float16


@pytest.fixture(scope="module")
def tuned(weights: bytes) -> Photos:
    """Two classes of two pictures, with the last block fine-tuned."""
    learner, labels = Photos(weights, SIZE), [0, 0, 1, 1]
    for number, label in enumerate(labels):
        learner.add([number], [picture(label, number)])
    for deep in (False, True):
        list(learner.train([0, 1, 2, 3], labels, 2, deep))
    return learner


class TestFineTuned:
    def test_fine_tuning_changes_only_the_tail(self, tuned: Photos, weights: bytes) -> None:
        fresh = EfficientNetLite0(pretrained=weights).state_dict()
        changed = {
            name for name, array in tuned.body.state_dict().items() if not np.array_equal(array, fresh[name])
        }
        assert {name.split(".")[0] for name in changed} == {"_blocks", "_conv_head", "_bn1", "_fc"}
        assert {name.split(".")[1] for name in changed if name.startswith("_blocks")} == {"15"}
        assert not any("running" in name for name in changed)

    def test_tuned_weights_are_restored(self, tuned: Photos, weights: bytes) -> None:
        other = Photos(weights, SIZE)
        other.restore(tuned.weights(), 2)
        assert other.is_deep
        np.testing.assert_allclose(shares(other), shares(tuned), rtol=1e-5)

    def test_retraining_starts_from_pretrained_weights(self, tuned: Photos, weights: bytes) -> None:
        other = Photos(weights, SIZE)
        other.restore(tuned.weights(), 2)
        for number in range(4):
            other.add([number], [picture(number // 2, number)])
        list(other.train([0, 1, 2, 3], [0, 0, 1, 1], 2, deep=False))
        fresh = EfficientNetLite0(pretrained=weights)
        np.testing.assert_array_equal(other.body.head.conv.W.data, fresh.head.conv.W.data)

    def test_another_number_of_classes_is_refused(self, tuned: Photos, weights: bytes) -> None:
        other = Photos(weights, SIZE)
        other.restore(tuned.weights(), 2)
        before = shares(other)
        steps = other.train([0, 1, 2], [0, 1, 2], 3, deep=True)
        with pytest.raises(ValueError, match="knows 2 classes, not 3"):
            next(steps)
        assert shares(other) == before


class TestExport:
    def test_project_round_trip(self, trained: Photos, weights: bytes) -> None:
        classes = [("red", [b"\xff\xd8\xff..."]), ("green", []), ("blue", [])]
        contents = taking.project_file(trained, classes, "image")
        again = project.load(io.BytesIO(contents))
        assert again.classes == dict(classes)
        assert again.settings == {"model": "EfficientNetLite0", "size": 224}
        assert "Apache License" in zipfile.ZipFile(io.BytesIO(contents)).read("NOTICE.txt").decode()
        assert again.weights
        model = EfficientNetLite0(3)
        again.load_weights(model)
        other = Photos(weights, SIZE)
        other.open(again.weights, 3)
        np.testing.assert_allclose(shares(other), shares(trained), rtol=1e-5)

    def test_a_project_of_another_trunk_is_refused(self, trained: Photos) -> None:
        file = io.BytesIO()
        EfficientNetLite0(3).save_weights(file)
        before = shares(trained)
        with pytest.raises(ValueError, match="more than the last block"):
            trained.open(file.getvalue(), 3)
        with pytest.raises(ValueError, match="npz"):
            trained.open(b"no weights", 3)
        assert shares(trained) == before

    def test_a_project_without_a_network(self) -> None:
        assert (
            project.load(io.BytesIO(taking.project_file(None, [("a", []), ("b", [])], "drawing"))).weights
            is None
        )

    def test_safetensors_has_pytorch_names(self, trained: Photos) -> None:
        found = _safetensors.read(io.BytesIO(taking.safetensors(trained)), "it")
        assert found["_fc.weight"].shape == (3, 1280)

    def test_html_page_is_one_file(self, trained: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(html_page, "modules", lambda: {"simd128": b"kernels"})
        page = taking.page(trained, ["red", "green", "blue"], "Colours")
        assert b"Colours" in page
        assert b'"green"' in page

    def test_onnx_equals_the_network(self, trained: Photos) -> None:
        pytest.importorskip("google.protobuf")
        model = onnx.load(taking.onnx_file(trained))
        x = normalized(picture(0, 5))[None]
        with no_grad(), test_mode():
            np.testing.assert_allclose(model(x).data, trained.body(x).data, rtol=1e-3, atol=1e-4)
