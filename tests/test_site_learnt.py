"""The small network of the lessons, and the computations of the lesson on what it has learnt."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest
from lesson_files import Names, ran

import pyconvlite.functions as F
from pyconvlite import Model
from pyconvlite.optimizers import Adam

pytestmark = pytest.mark.cpython  # the site is not inside the Pyodide of the tests


@functools.cache
def network() -> Names:
    """The variables of network.py, whose net the figures use."""
    return ran({}, "glyphs.py", "network.py")


@pytest.fixture
def figure() -> Callable[..., Names]:
    """Run the Python of a figure with these knobs."""

    def run(*files: str, **knobs: float) -> Names:
        return ran(network() | knobs, *(f"18-learnt/{file}.py" for file in files))

    return run


def maps_of(pictures: np.ndarray, layer: int) -> np.ndarray:
    """The output of a block for pictures (N, 16, 16)."""
    net = network()["net"]
    return net[: layer + (layer > 1)](pictures[:, None]).data


def test_training_is_insensitive_to_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines round differently, but the numbers in the lesson's text are the same for all."""
    setup = Adam.setup

    def setup_rounded(optimizer: Adam, net: Model) -> Adam:
        for param in net.params():
            param.data = param.data * (1 + 8 * np.finfo(param.dtype).eps)
        return setup(optimizer, net)

    with monkeypatch.context() as patch:
        patch.setattr(Adam, "setup", setup_rounded)
        rounded = ran({}, "glyphs.py", "network.py")
    for names in (rounded, network()):
        names["recall"](160)
    pictures = network()["held_out"]
    np.testing.assert_allclose(rounded["net"](pictures).data, network()["net"](pictures).data, atol=1e-4)


def test_network_reads_digits() -> None:
    names = network()

    def right(step: int) -> float:
        names["recall"](step)
        return np.mean(names["net"](names["held_out"]).data.argmax(axis=1) == names["answers"])

    assert right(0) < 0.3
    assert right(160) > 0.9
    assert sum(p.size for p in names["net"].params()) == 2746  # as the lesson says


@pytest.mark.parametrize(("layer", "channels"), [(1, 8), (2, 32)])
def test_favourites_and_receptive_fields(figure, layer: int, channels: int) -> None:
    found = figure("maximal", steps=160, layer=layer, channel=channels - 1)
    maps = maps_of(found["held_out"][:, 0], layer)
    peaks = maps[:, channels - 1].max(axis=(1, 2))
    np.testing.assert_allclose(found["response"], np.sort(peaks)[::-1][:6], rtol=1e-5, atol=1e-6)
    assert len(found["patches"]) == channels
    field = found["field"]
    for picture, (top, left), response in zip(
        found["shown"], found["corners"], found["response"], strict=True
    ):
        # pixels outside the frame do not affect the marked unit
        inside = np.zeros((16, 16), bool)
        inside[max(0, top) : top + field, max(0, left) : left + field] = True
        changed = np.where(inside, picture, 1 - picture)
        assert np.isclose(maps_of(changed[None], layer)[0, channels - 1], response, atol=1e-4).any()
    top, left = found["corners"][0] + 3  # of the picture with a margin
    expected = np.pad(found["shown"][0], 3)[top : top + field, left : left + field]
    np.testing.assert_array_equal(found["patches"][-1], expected)


@pytest.mark.parametrize(("layer", "channel"), [(3, 3), (2, 1)])
def test_activation_maximization(figure, layer: int, channel: int) -> None:
    found = figure("ascent", layer=layer, channel=channel, blur=0.1, decay=0.05)
    assert found["plain"].shape == found["tamed"].shape == (16, 16, 16)
    np.testing.assert_array_equal(found["plain"][0], found["tamed"][0])
    plain, tamed = found["responses"]
    assert (np.diff(plain) > 0).all()
    assert plain[-1] > tamed[-1] > tamed[0]
    assert 0 <= found["tamed"].min() <= found["tamed"].max() <= 1 < np.ptp(found["plain"][-1])
    if layer == 3:  # the pictures are rounded
        again = found["net"](found["plain"][:, None]).data[:, channel]
        np.testing.assert_allclose(again, plain, rtol=0.02, atol=0.1)


@pytest.mark.parametrize("digit", [5, 4, 7])
def test_grad_cam_equals_the_class_activation_map(figure, digit: int) -> None:
    """Behind global pooling its weights are those of the last layer, but for a factor (Zhou et al., 2016)."""
    found = figure("cam", steps=160, first=5, second=4, digit=digit)
    weights = found["net"][-1].W.data[:, digit]
    maps = maps_of(found["picture"][None], 2)[0]
    expected = np.maximum(np.tensordot(weights, maps, 1), 0) / 64
    np.testing.assert_allclose(found["cam"].data[0, 0], expected, atol=1e-5)
    assert found["heat"].shape == (16, 16)
    np.testing.assert_allclose(found["probabilities"].sum(), 100, rtol=1e-5)


def test_the_evidence_lies_on_the_digit(figure) -> None:
    for digit, half in ((5, np.s_[:8]), (4, np.s_[8:])):
        heat = figure("cam", steps=160, first=5, second=4, digit=digit)["heat"]
        assert heat[half].sum() > 0.7 * heat.sum()


def test_occlusion(figure) -> None:
    found = figure("cam", "cover", steps=160, first=5, second=4, digit=5, patch=4)
    net, picture = found["net"], found["picture"]
    assert found["drops"].shape == (169,)
    falls: dict[tuple[int, int], list[float]] = {}
    for top in range(13):
        for left in range(13):
            covered = picture.copy()
            covered[top : top + 4, left : left + 4] = 0.5
            share = 100 * F.softmax(net(covered[None, None])).data[0, 5]
            assert found["drops"][13 * top + left] == pytest.approx(
                found["probabilities"][5] - share, abs=1e-3
            )
            for row in range(top, top + 4):
                for column in range(left, left + 4):
                    falls.setdefault((row, column), []).append(found["probabilities"][5] - share)
    for place, values in falls.items():
        assert found["drop"][place] == pytest.approx(np.mean(values), abs=1e-3)
    assert found["drop"][:8].max() > 20  # the 5 is what counts for a 5
    assert found["drop"][8:].min() < -5  # as the question has it
    assert found["alike"] > 0.4
