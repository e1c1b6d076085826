"""The Python that inspects the page's models, against plain NumPy and numerical differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import oracles
import pytest

import pyconvlite
import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite import Model, no_grad, test_mode
from pyconvlite.datasets import Dataset
from pyconvlite.models import Sequential, SmallResNet
from pyconvlite.optimizers import SGD
from tab import inspecting, training

MODELS = [training.SmallCNN, training.LeNet, training.MLP]


class Strokes(Dataset):
    """A few pictures of random strokes, in random classes."""

    def prepare(self) -> None:
        generator = np.random.default_rng(3)
        self.data = generator.random((12, 1, 28, 28), dtype=np.float32) * (
            generator.random((12, 1, 28, 28)) < 0.3
        )
        self.label = generator.integers(0, 10, 12)


PICTURE = Strokes().data[0, 0]


def opened(model_class: Callable[[int], Model]) -> tuple[Model, inspecting.Inspector, dict]:
    pyconvlite.seed(1)
    model = training.build(model_class)
    for name, param in model.named_params():
        if name.endswith("b"):
            param.data = np.linspace(-0.3, 0.4, param.size, dtype=np.float32)
    inspector = inspecting.Inspector(Strokes())
    inspector.start(model)
    return model, inspector, inspector.inspect(model, PICTURE)


def unpacked(numbers: dict) -> np.ndarray:
    return numbers["data"].reshape(numbers["shape"])


def maps(report: dict) -> list[np.ndarray]:
    return [unpacked(stage["maps"]) for stage in report["stages"]]


class TestStages:
    @pytest.mark.parametrize(
        ("model_class", "stages"),
        [
            (
                training.SmallCNN,
                [
                    ("conv1", "Conv2d", (16, 24, 24)),
                    ("", "ReLU", (16, 24, 24)),
                    ("", "Pooling", (16, 12, 12)),
                    ("conv2", "Conv2d", (32, 8, 8)),
                    ("", "ReLU", (32, 8, 8)),
                    ("", "Pooling", (32, 4, 4)),
                    ("fc", "Linear", (10, 1, 1)),
                    ("", "Softmax", (10, 1, 1)),
                ],
            ),
            (
                training.MLP,
                [
                    ("layers/0", "Linear", (100, 1, 1)),
                    ("", "ReLU", (100, 1, 1)),
                    ("layers/1", "Linear", (10, 1, 1)),
                    ("", "Softmax", (10, 1, 1)),
                ],
            ),
        ],
    )
    def test_stages_are_the_steps_of_the_model(self, model_class: type[Model], stages: list[Any]) -> None:
        _, _, report = opened(model_class)
        assert [(s["layer"], s["kind"], s["maps"]["shape"]) for s in report["stages"]] == stages

    @pytest.mark.parametrize("model_class", MODELS)
    def test_last_stage_is_the_prediction(self, model_class: type[Model]) -> None:
        model, _, report = opened(model_class)
        with no_grad(), test_mode():
            scores = model(PICTURE[None, None]).data[0]
        softmax = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(maps(report)[-2].ravel(), scores, rtol=1e-5)
        np.testing.assert_allclose(maps(report)[-1].ravel(), softmax, rtol=1e-4)
        assert report["predicted"] == scores.argmax()

    def test_convolution_equals_plain_numpy(self) -> None:
        model, _, report = opened(training.LeNet)
        expected = oracles.conv2d(
            PICTURE[None, None].astype(float), model.conv1.W.data, model.conv1.b.data, pad=2
        )
        np.testing.assert_allclose(maps(report)[0], expected[0], atol=1e-5)
        np.testing.assert_allclose(maps(report)[1], np.maximum(expected[0], 0), atol=1e-5)

    def test_computations_on_weights_are_not_stages(self) -> None:
        _, _, report = opened(SmallResNet)  # batch norm takes the root of its running variance
        kinds = [stage["kind"] for stage in report["stages"]]
        assert "Sqrt" not in kinds
        assert kinds.count("Conv2d") == kinds.count("BatchNorm") == 9

    def test_a_layer_of_several_functions_is_one_stage(self) -> None:
        def model_class(classes: int) -> Model:
            return Sequential(
                {
                    "conv": L.Conv2d(4, 3, 2, "same"),
                    "norm": L.GroupNorm(2),
                    "act": L.PReLU(4),
                    "more": L.SeparableConv2d(6, 3, 1, "same", pad_mode="reflect"),
                    "up": L.Upsample(scale_factor=2, mode="bilinear"),
                    "pool": L.MaxPool(3, 2, dilation=2, ceil_mode=True),
                    "small": L.AdaptiveAvgPool(2),
                    "flat": L.Flatten(),
                    "fc": L.Linear(classes),
                }
            )

        model, inspector, report = opened(model_class)
        assert [(s["layer"], s["kind"], s["maps"]["shape"]) for s in report["stages"]] == [
            ("conv", "Conv2d", (4, 14, 14)),
            ("norm", "GroupNorm", (4, 14, 14)),
            ("act", "PReLU", (4, 14, 14)),
            ("more/depthwise", "Conv2d", (4, 14, 14)),
            ("more/pointwise", "Conv2d", (6, 14, 14)),
            ("", "Upsample", (6, 28, 28)),
            ("", "Pooling", (6, 13, 13)),
            ("", "AdaptiveAvgPool", (6, 2, 2)),
            ("fc", "Linear", (10, 1, 1)),
            ("", "Softmax", (10, 1, 1)),
        ]
        x = PICTURE[None, None]
        with no_grad(), test_mode():
            for count, stage in ((1, 0), (2, 1), (3, 2), (4, 4), (5, 5), (6, 6), (7, 7)):
                np.testing.assert_allclose(
                    maps(report)[stage], model[:count](x).data[0], rtol=1e-5, atol=1e-6
                )
        for stage in range(10):
            detail = inspector.detail(stage, 0, 1, 1) if stage < 8 else inspector.detail(stage, 0, 0, 0)
            if detail["rule"] == "sum":
                assert sum(detail["sums"]) + detail["bias"] == pytest.approx(detail["value"], abs=1e-4)
            elif stage in (1, 2):  # of the pixel at the same place
                assert detail["values"] == [maps(report)[stage - 1][0, 1, 1]]
        assert len(inspector.probe(model)) == 10

    @pytest.mark.parametrize("twice", [False, True])
    def test_layer_that_computes_after_its_convolution_is_one_stage(self, twice: bool) -> None:
        class Rectified(L.Conv2d):
            def forward(self, x: Any) -> Any:
                y = F.relu(super().forward(x))
                return super().forward(y) if twice else y

        def model_class(classes: int) -> Model:
            return Sequential(Rectified(1, 3, pad=1, in_channels=1), L.Flatten(), L.Linear(classes))

        model, _, report = opened(model_class)
        kinds = [stage["kind"] for stage in report["stages"]]
        assert kinds == ["Rectified", "Linear", "Softmax"]
        with no_grad(), test_mode():
            expected = model[:1](PICTURE[None, None]).data[0]
        np.testing.assert_allclose(maps(report)[0], expected, rtol=1e-6)
        assert twice or expected.min() == 0

    def test_model_with_own_parameters_is_not_a_stage(self) -> None:
        class Plain(Model):
            def __init__(self, classes: int) -> None:
                super().__init__()
                generator = np.random.default_rng(0)
                self.W1 = pyconvlite.Parameter(generator.normal(size=(3, 1, 5, 5)).astype(np.float32))
                self.W2 = pyconvlite.Parameter(generator.normal(size=(1728, classes)).astype(np.float32))

            def forward(self, x: Any) -> Any:
                return F.linear(F.relu(F.conv2d(x, self.W1)).reshape(len(x), -1), self.W2)

        _, _, report = opened(Plain)
        kinds = [stage["kind"] for stage in report["stages"]]
        assert kinds == ["Conv2d", "ReLU", "Linear", "Softmax"]

    def test_model_is_unchanged(self) -> None:
        model, inspector, _ = opened(training.SmallCNN)
        before = {name: param.data.copy() for name, param in model.named_params()}
        inspector.probe(model)
        for name, param in model.named_params():
            np.testing.assert_array_equal(param.data, before[name])
            assert param.grad is None  # training's own gradients are left alone

    @pytest.mark.parametrize("target", [None, 3, 9])
    def test_saliency_is_the_gradient_of_the_score(self, target: int | None) -> None:
        model, inspector, _ = opened(training.SmallCNN)
        report = inspector.inspect(model, PICTURE, target)
        assert report["target"] == (report["predicted"] if target is None else target)
        with no_grad(), test_mode():
            for row, column in ((5, 9), (13, 14), (20, 3)):
                ends = []
                for sign in (1, -1):
                    moved = PICTURE.astype(np.float32).copy()
                    moved[row, column] += sign * 1e-3
                    ends.append(float(model(moved[None, None]).data[0, report["target"]]))
                slope = abs(ends[0] - ends[1]) / 2e-3
                assert unpacked(report["saliency"])[row, column] == pytest.approx(slope, abs=3e-3)

    def test_saliency_of_a_missing_class_is_that_of_the_prediction(self) -> None:
        model, inspector, report = opened(training.SmallCNN)
        assert inspector.inspect(model, PICTURE, 10)["target"] == report["predicted"]


class Grouped(Model):
    """The kinds of steps that the page's own models do not have."""

    def __init__(self, classes: int = 10) -> None:
        self.conv = L.Conv2d(6, kernel_size=(3, 2), stride=2, pad=1)
        self.groups = L.Conv2d(4, kernel_size=3, pad=2, groups=2, dilation=2, nobias=True)
        self.fused = L.Conv2d(5, kernel_size=1)
        self.fc = L.Linear(classes)

    def forward(self, x):
        """Scores (N, 10)."""
        x = F.average_pooling(F.pooling(F.sigmoid(self.conv(x)), 3, 2, pad=1), 2)
        x = self.groups(x)
        x = F.conv2d_relu(x, self.fused_W(x), self.fused.b) + 1.0
        return self.fc(F.flatten(x))

    def fused_W(self, x):
        """The kernels of a layer that was sized by hand."""
        if self.fused.W.data is None:
            self.fused(x)
        return self.fused.W


@pytest.mark.parametrize("model_class", [*MODELS, Grouped])
def test_pixels_equal_their_details(model_class: type[Model]) -> None:
    _, inspector, report = opened(model_class)
    rules = set()
    generator = np.random.default_rng(0)
    for stage, values in enumerate(maps(report)):
        C, H, W = values.shape
        corners = [(C - 1, 0, 0), (0, H - 1, W - 1)]
        for channel, row, column in [*corners, *generator.integers(0, values.shape, (6, 3)).tolist()]:
            detail = inspector.detail(stage, channel, row, column)
            rules.add(detail["rule"])
            value = values[channel, row, column]
            assert detail["value"] == value
            if detail["rule"] == "sum":
                products = unpacked(detail["window"]).astype(float) * unpacked(detail["weights"])
                np.testing.assert_allclose(unpacked(detail["products"]), products, atol=1e-6)
                np.testing.assert_allclose(detail["sums"], products.sum((1, 2)), atol=1e-5)
                total = sum(detail["sums"]) + detail["bias"]
                if report["stages"][stage]["kind"] == "Conv2dReLU":
                    total = max(total, 0)
                assert total == pytest.approx(value, abs=1e-5)
            elif detail["rule"] == "max":
                window = detail["window"]["data"]
                assert window.max() == value == window[detail["taken"]]
            elif detail["rule"] == "mean":
                assert detail["window"]["data"].mean() == pytest.approx(value, abs=1e-6)
    assert rules == {
        training.MLP: {"sum", "each"},
        Grouped: {"sum", "max", "mean", "each"},
    }.get(model_class, {"sum", "max", "each"})


def test_average_pooling_with_ceil_mode() -> None:
    """With ceil_mode, the last means are corrected for the pixels beyond the padding."""

    def model_class(classes: int) -> Model:
        pool = L.AvgPool(3, 2, ceil_mode=True)
        return Sequential({"pool": pool, "flat": L.Flatten(), "fc": L.Linear(classes)})

    model, _, report = opened(model_class)
    np.testing.assert_allclose(maps(report)[0], model.layers[0](PICTURE[None, None]).data[0], atol=1e-6)
    assert report["stages"][0]["kind"] == "AvgPool"


def test_average_pooling_that_excludes_padding() -> None:
    def model_class(classes: int) -> Model:
        pool = L.AvgPool(3, 2, pad=((1, 2), (2, 1)), count_include_pad=False)
        return Sequential({"pool": pool, "flat": L.Flatten(), "fc": L.Linear(classes)})

    _, inspector, report = opened(model_class)
    (values,) = maps(report)[0]
    for row, column in np.ndindex(*values.shape):
        detail = inspector.detail(0, 0, row, column)
        window = unpacked(detail["window"])
        assert window.mean() == pytest.approx(values[row, column], abs=1e-6)
        part = PICTURE[detail["top"] :, detail["left"] :][: window.shape[1], : window.shape[2]]
        np.testing.assert_array_equal(window[0], part)


@pytest.mark.parametrize("model_class", [*MODELS, Grouped])
def test_links_are_contributions_of_each_map(model_class: type[Model]) -> None:
    """Against the products of every pixel, one by one."""
    _, inspector, report = opened(model_class)
    for number, stage in enumerate(report["stages"]):
        OC, H, W = stage["maps"]["shape"]
        if "links" not in stage:
            assert inspector.detail(number, 0, 0, 0)["rule"] != "sum"
            continue
        flow, net = (unpacked(stage["links"][name]) for name in ("flow", "net"))
        channel = OC - 1
        details = [inspector.detail(number, channel, *divmod(pixel, W)) for pixel in range(H * W)]
        products = np.array([unpacked(detail["products"]) for detail in details])  # (pixels, n, KH, KW)
        if flow.shape[1] > 1 and products.shape[1] == 1:  # units, which a detail lays in a rectangle
            products = products.reshape(1, flow.shape[1], 1, 1)
        first = details[0]["first"]
        inside = slice(first, first + products.shape[1])
        for links, expected in ((flow, np.abs(products)), (net, products)):
            np.testing.assert_allclose(links[channel, inside], expected.sum((2, 3)).mean(0), atol=1e-5)
            assert np.count_nonzero(links[channel]) <= products.shape[1]  # nothing from other groups
        if stage["kind"] != "Conv2dReLU":
            biases = [inspector.detail(number, o, 0, 0)["bias"] for o in range(OC)]
            means = unpacked(stage["maps"]).mean((1, 2))
            np.testing.assert_allclose(net.sum(axis=1) + biases, means, atol=1e-5)


@pytest.mark.parametrize("model_class", [training.LeNet, Grouped])
def test_the_parts_of_a_map_add_up(model_class: type[Model]) -> None:
    _, inspector, report = opened(model_class)
    tried = 0
    for number, stage in enumerate(report["stages"]):
        channel, height, width = (size - 1 for size in stage["maps"]["shape"])
        detail = inspector.detail(number, channel, height, width // 2)
        if "parts" not in detail:
            assert stage["kind"] not in ("Conv2d", "Conv2dReLU")
            continue
        tried += 1
        parts = unpacked(detail["parts"])
        np.testing.assert_allclose(parts[:, height, width // 2], detail["sums"], atol=1e-5)
        total = parts.sum(axis=0) + detail["bias"]
        if stage["kind"] == "Conv2dReLU":
            total = np.maximum(total, 0)
        np.testing.assert_allclose(total, maps(report)[number][channel], atol=1e-5)
    assert tried == {training.LeNet: 2, Grouped: 3}[model_class]


def test_sources_are_the_stages_of_the_inputs() -> None:
    _, _, report = opened(training.SmallCNN)
    assert [stage["sources"] for stage in report["stages"]] == [(i,) for i in range(-1, 7)]
    _, _, report = opened(SmallResNet)
    adds = [stage for stage in report["stages"] if stage["kind"] == "Add"]
    assert adds
    for number, stage in enumerate(report["stages"]):
        assert all(-1 <= source < number for source in stage["sources"])
    for stage in adds:  # a block's input, or its projection, and what the block makes of it
        shapes = [report["stages"][source]["maps"]["shape"] for source in stage["sources"]]
        assert shapes == [stage["maps"]["shape"]] * 2
        assert len(set(stage["sources"])) == 2


def test_window_positions() -> None:
    _, inspector, report = opened(training.LeNet)
    detail = inspector.detail(0, 3, 0, 27)  # padded above and on the right
    assert (detail["top"], detail["left"], detail["first"]) == (-2, 25, 0)
    window = unpacked(detail["window"])[0]
    np.testing.assert_array_equal(window[2:, :3], PICTURE[:3, 25:])
    assert not window[:2].any()
    assert not window[:, 3:].any()
    pooled = maps(report)[2]
    detail = inspector.detail(3, 5, 4, 6)
    assert (detail["top"], detail["left"]) == (4, 6)
    assert (detail["stride"], detail["dilation"]) == ((1, 1), (1, 1))
    _, inspector, _ = opened(Grouped)
    here, there = inspector.detail(0, 0, 2, 3), inspector.detail(0, 0, 4, 6)
    assert here["stride"] == (2, 2)
    assert (there["top"] - here["top"], there["left"] - here["left"]) == (4, 6)
    np.testing.assert_array_equal(unpacked(detail["window"]), pooled[:, 4:9, 6:11])


def test_pixel_outside_the_current_model() -> None:
    _, inspector, report = opened(SmallResNet)
    C, H, W = unpacked(report["stages"][0]["maps"]).shape
    assert inspector.detail(0, C - 1, H - 1, W - 1)
    for place in ((len(report["stages"]), 0, 0, 0), (0, C, 0, 0), (0, 0, H, 0), (0, 0, 0, W)):
        assert inspector.detail(*place) is None


def test_slices_of_a_flattened_input() -> None:
    model, inspector, report = opened(training.SmallCNN)
    detail = inspector.detail(6, 7, 0, 0)
    np.testing.assert_array_equal(unpacked(detail["window"]), maps(report)[5])
    np.testing.assert_array_equal(unpacked(detail["weights"]).ravel(), model.fc.W.data[:, 7])
    model, inspector, _ = opened(training.MLP)
    assert inspector.detail(0, 1, 0, 0)["window"]["shape"] == (1, 28, 28)
    detail = inspector.detail(2, 1, 0, 0)  # 100 units, which have no place in a picture
    assert (detail["window"]["shape"], detail["top"]) == ((1, 10, 10), None)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_diverged_model(value: float) -> None:
    """Training reports the divergence; the measurements must not hide it by an error of their own."""
    model, inspector, _ = opened(training.SmallCNN)
    for param in list(model.params())[:2]:
        param.data[..., :1] = value
    with np.errstate(all="ignore"):
        found = inspector.probe(model)
    histograms = [each["histogram"] for each in found]
    histograms += [each["weights"][name] for each in found if "weights" in each for name in ("now", "before")]
    assert all(len(h["counts"]) == inspecting.BINS and h["low"] < h["high"] for h in histograms)


def test_histogram_of_adjacent_floats() -> None:
    values = np.array([1, np.nextafter(np.float32(1), np.float32(2))], np.float32)
    assert sum(inspecting._histogram(values)["counts"]) == 2


def test_results_are_unchanged_by_later_training() -> None:
    model, inspector, report = opened(training.SmallCNN)
    before = inspector.detail(0, 2, 8, 9)
    list(training.train(model, Strokes(), SGD(0.5), batch_size=4, epochs=1))
    after = inspector.detail(0, 2, 8, 9)
    assert after["value"] == before["value"] == maps(report)[0][2, 8, 9]
    np.testing.assert_array_equal(after["weights"]["data"], before["weights"]["data"])


class TestProbe:
    def test_dead_unit_is_reported(self) -> None:
        model, inspector, _ = opened(training.SmallCNN)
        bias = model.conv1.b.data.copy()
        bias[[3, 11]] = -100
        model.conv1.b.data = bias
        found = inspector.probe(model)
        assert found[1]["dead"] == [3, 11]
        assert found[0]["dead"] == []  # the sums before ReLU are not zero
        assert found[1]["zeros"] >= 2 / 16

    def test_unit_active_for_one_image_is_not_dead(self) -> None:
        model, inspector, _ = opened(training.MLP)
        _, stages = inspecting.trace(model, inspector.x)
        sums = stages[0].y[:, :, 0, 0]
        two = np.sort(sums, axis=0)[-2:]  # the unit's largest sums, of two images
        bias = model.layers[0].b.data - two.mean(axis=0)
        bias[5] -= 100
        model.layers[0].b.data = bias.astype(np.float32)
        assert inspector.probe(model)[1]["dead"] == [5]

    @pytest.mark.parametrize("model_class", MODELS)
    def test_gradients_equal_those_of_training(self, model_class: type[Model]) -> None:
        model, inspector, _ = opened(model_class)
        found = inspector.probe(model)
        x, t = Strokes().data, Strokes().label
        with test_mode():
            F.softmax_cross_entropy(model(x), t).backward()
        norms: dict[str, float] = {}
        for name, param in model.named_params():
            layer = name.rpartition("/")[0]
            norms[layer] = float(np.hypot(norms.get(layer, 0.0), np.linalg.norm(param.grad.data)))
        assert [stage["gradient"] for stage in found if "gradient" in stage] == pytest.approx(
            [*norms.values()], rel=1e-5
        )

    def test_histogram_counts(self) -> None:
        model, inspector, _ = opened(training.MLP)
        _, stages = inspecting.trace(model, inspector.x)
        for stage, found in zip(stages, inspector.probe(model), strict=True):
            histogram = found["histogram"]
            assert sum(histogram["counts"]) == stage.y.size  # few enough for all to be counted
            assert (histogram["low"], histogram["high"]) == (stage.y.min(), stage.y.max())
            assert found["zeros"] == pytest.approx((stage.y == 0).mean())

    def test_weights_before_and_after(self) -> None:
        model, inspector, _ = opened(training.SmallCNN)
        assert inspector.probe(model)[0]["weights"]["change"] == 0
        before = model.conv1.W.data
        list(training.train(model, Strokes(), SGD(0.1), batch_size=4, epochs=1))
        found = inspector.probe(model)[0]["weights"]
        moved = np.linalg.norm(model.conv1.W.data - before) / np.linalg.norm(before)
        assert found["change"] == pytest.approx(moved)
        assert sum(found["now"]["counts"]) == sum(found["before"]["counts"]) == before.size
        assert (found["now"]["low"], found["now"]["high"]) == (
            found["before"]["low"],
            found["before"]["high"],
        )
        inspector.inspect(model, PICTURE)
        np.testing.assert_array_equal(unpacked(inspector.detail(0, 4, 3, 3)["before"]), before[4])

    def test_weights_of_other_shapes_are_not_compared(self) -> None:
        _, inspector, _ = opened(training.SmallCNN)
        other = training.build(training.LeNet)  # whose kernels have the same names and other shapes
        assert inspector.probe(other)[0]["weights"]["change"] == 0
        inspector.inspect(other, PICTURE)
        detail = inspector.detail(0, 4, 3, 3)
        np.testing.assert_array_equal(detail["before"]["data"], detail["weights"]["data"])
