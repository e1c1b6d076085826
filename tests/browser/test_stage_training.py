"""The picture of the network on the training page, while the model learns and after."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from lessons import wait
from networks import gradient_norms
from stages import CANVAS, back, cells, choose, look, numbers, weights
from strokes import DIGITS, draw
from visits import Visit

# The difference in red, green and blue between the middle of each map and its background, by the map's key.
COLOURS = """() => {
  const canvas = document.querySelector('.plate canvas');
  const { left, top, width } = canvas.getBoundingClientRect();
  const scale = canvas.width / width;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const hex = getComputedStyle(canvas).getPropertyValue('--stage-raised').trim();
  const ground = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return Object.fromEntries([...document.querySelectorAll('[data-key^="map "]')].map((map) => {
    const box = map.getBoundingClientRect();
    const [x, y] = [box.left - left + box.width / 2, box.top - top + box.height / 2];
    const at = 4 * (Math.floor(scale * y) * canvas.width + Math.floor(scale * x));
    return [map.dataset.key, ground.map((value, i) => data[at + i] - value)];
  }));
}"""


def of_nothing(W: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The maps of the small CNN's stages for an empty picture, each constant: one number per map."""
    stages = [W["conv1/b"]]
    stages += [np.maximum(stages[-1], 0)] * 2  # ReLU and pooling
    stages.append(np.einsum("ochw,c->o", W["conv2/W"], stages[-1]) + W["conv2/b"])
    stages += [np.maximum(stages[-1], 0)] * 2
    scores = np.repeat(stages[-1], 4 * 4) @ W["fc/W"] + W["fc/b"]
    return [*stages, scores]


def test_maps_of_an_empty_drawing(visit: Visit, tmp_path: Path) -> None:
    W = weights(visit, tmp_path)
    rng = np.random.default_rng(0)
    for name in W:
        if name.endswith("/b"):  # at first they are 0, and all maps are black
            n = W[name].size
            W[name] = np.float32(rng.choice([-1, 1], n) * rng.uniform(0.1, 1, n))
    np.savez(tmp_path / "biased.npz", **W)
    visit.page.set_input_files("#file", tmp_path / "biased.npz")
    visit.wait_for("#notice", "The weights from biased.npz are loaded.")
    visit.page.emulate_media(reduced_motion="reduce")

    def cleared() -> str:
        visit.page.click("#clear")
        visit.wait_for("#seen-caption", "Nothing drawn yet.")
        look(visit)
        visit.stand_still()
        return str(visit.page.evaluate(CANVAS))

    empty = cleared()
    draw(visit.page, DIGITS[3])
    visit.wait_for("#seen-caption", "your drawing")
    look(visit)
    visit.stand_still()
    assert visit.page.evaluate(CANVAS) != empty
    assert cleared() == empty

    colours = visit.page.evaluate(COLOURS)
    for stage, values in enumerate(of_nothing(W)):
        for channel, value in enumerate(values):
            red, _, blue = colours[f"map {stage} {channel}"]
            if value == 0:  # dark, and darker where it is 0 for all images
                assert abs(blue - red) < 20, (stage, channel)
            elif abs(value) > 0.1 * np.abs(values).max():  # blue above 0, orange below 0
                assert (blue - red) * np.sign(value) > 20, (stage, channel, value)
    visit.page.emulate_media(reduced_motion="no-preference")


@pytest.mark.full
@pytest.mark.parametrize("model", ["LeNet", "MLP"])
def test_other_models(visit: Visit, model: str) -> None:
    visit.choose(model=model, images=10_000)
    visit.page.click("#go")
    visit.wait_for("#notice", "Test accuracy", seconds=120)
    look(visit)
    last = {"LeNet": "fc3", "MLP": "layers/1"}[model]
    visit.wait_for("#layers", last)
    stage = visit.page.locator("#layers tbody tr").count() - 2
    choose(visit, f"map {stage} 7", f"{last}, unit 8")
    total, bias, value = numbers(visit.text("#equation"))
    assert total + bias == pytest.approx(value, abs=2e-3)
    back(visit, "Network")


@pytest.mark.full
def test_selection_of_another_network_is_cleared(visit: Visit) -> None:
    look(visit)
    choose(visit, "map 3 20", "conv2, map 21")
    choose(visit, "kernel 3", "row")
    visit.choose(model="LeNet")  # whose conv2 is another stage
    visit.page.click("#step")
    visit.wait_for("#layers", "fc3")
    visit.until("!document.querySelector('.head nav button')")
    look(visit)
    choose(visit, "name 0", "conv1")
    visit.page.click(".head nav button")
    visit.until("!document.querySelector('.head nav button')")
    visit.page.go_forward()
    visit.wait_for(".head nav", "conv1")
    visit.page.go_forward()  # to a pixel of the former network
    visit.until("!document.querySelector('.head nav button')")
    visit.stand_still()
    choose(visit, "map 0 1", "conv1, map 2")
    back(visit, "Network")
    assert visit.page.is_hidden("#fault")
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")


# Moves the page to the background, or to the front again.
TURN = """(state) => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def test_no_requests_in_the_background(visit: Visit) -> None:
    visit.page.emulate_media(reduced_motion="reduce")
    look(visit)
    norm = visit.page.locator("#layers tbody td:last-child").filter(has_not_text="–")
    norm.first.wait_for(state="attached")
    visit.stand_still()

    def shown() -> tuple[str, list[str]]:
        """What the two kinds of requests change: the maps, and the norms of the gradients."""
        norms = visit.page.locator("#layers tbody tr td:last-child").all_text_contents()
        return str(visit.page.evaluate(CANVAS)), norms

    maps, norms = shown()
    visit.page.evaluate(TURN, "hidden")
    visit.page.evaluate("document.getElementById('step').click()")
    visit.wait_for("#go", "Resume")
    visit.stand_still()
    assert shown() == (maps, norms)
    visit.page.evaluate(TURN, "visible")
    wait(lambda: shown()[0] != maps and shown()[1] != norms, lambda: "it asks nothing more")
    visit.page.emulate_media(reduced_motion="no-preference")
    visit.page.evaluate("document.getElementById('stop').click()")
    visit.wait_for("#go", "Train")


def test_a_dead_unit_is_flagged(visit: Visit, tmp_path: Path) -> None:
    rigged = weights(visit, tmp_path)
    rigged["conv1/b"][3] = -100
    np.savez(tmp_path / "rigged.npz", **rigged)
    visit.page.set_input_files("#file", tmp_path / "rigged.npz")
    visit.wait_for("#notice", "The weights from rigged.npz are loaded.")
    look(visit)
    visit.page.locator(".over .label").filter(has_text="1 dead").wait_for()
    flagged = visit.page.locator('[aria-label*="dead"]')
    assert [each.get_attribute("data-key") for each in flagged.all()] == ["map 1 3"]


def test_follows_training_and_records_while_hidden(visit: Visit) -> None:
    visit.choose(epochs=100)  # it is stopped below
    look(visit)
    visit.page.emulate_media(reduced_motion="reduce")  # only the network changes
    visit.page.evaluate("document.getElementById('go').click()")
    visit.page.wait_for_selector("#stop[aria-disabled=false]", state="attached")
    pictures = {visit.page.evaluate(CANVAS)}

    def changed() -> bool:
        pictures.add(visit.page.evaluate(CANVAS))
        return len(pictures) == 4

    wait(changed, lambda: f"there were {len(pictures)} pictures", seconds=60)
    visit.page.evaluate("scrollTo(0, 0)")
    norm = "document.querySelector('#layers tbody tr td:last-child').textContent"
    norms = {visit.page.evaluate(norm)}

    def recorded() -> bool:
        norms.add(visit.page.evaluate(norm))
        return len(norms) == 3

    wait(recorded, lambda: f"there were {len(norms)} gradients", seconds=60)
    visit.page.emulate_media(reduced_motion="no-preference")
    visit.page.evaluate("document.getElementById('stop').click()")
    visit.wait_for("#go", "Train")


def test_gradients_and_weights_equal_the_models(visit: Visit, tmp_path: Path) -> None:
    visit.choose(images=10_000, batchSize=16, fresh="yes")
    visit.page.click("#go")
    visit.until_seen(1_000)
    visit.page.evaluate("document.getElementById('stop').click()")
    visit.wait_for("#go", "Train")
    after = weights(visit, tmp_path)
    look(visit)
    visit.page.emulate_media(reduced_motion="reduce")
    expected = gradient_norms(after)

    def shown() -> dict[str, float]:
        rows = [
            row.locator("th, td").all_text_contents() for row in visit.page.locator("#layers tbody tr").all()
        ]
        return {name: float(norm) for name, *_, norm in rows if norm != "–"}

    wait(lambda: shown() == pytest.approx(expected, abs=2e-3), lambda: f"{shown()}, not {expected}")
    choose(visit, "name 0", "conv1")
    title = visit.page.locator(".over .label", has_text="weights, before training and now")
    assert "by 0%" not in title.inner_text()
    back(visit, "Network")
    choose(visit, "map 0 2", "conv1, map 3")
    choose(visit, "kernel 0", "row")
    now, former = cells(visit, "weights"), cells(visit, "before")
    np.testing.assert_allclose(now, after["conv1/W"][2, 0].ravel(), atol=6e-3)
    assert np.abs(np.array(now) - former).max() > 0.02  # the network is trained
    back(visit, "conv1, map 3")
    back(visit, "Network")
    visit.page.emulate_media(reduced_motion="no-preference")


@pytest.mark.full
@pytest.mark.parametrize(("model", "kernels"), [("SmallCNN", "auto"), ("LeNet", "numpy")])
def test_the_picture_takes_less_than_a_tenth_of_training(
    visit: Visit, model: str, kernels: str, tell: Callable[[str], None]
) -> None:
    visit.choose(model=model, kernels=kernels)
    visit.page.check("[name=speed][value=full]", force=True)
    look(visit)
    cdp = visit.page.context.new_cdp_session(visit.page)
    cdp.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    cdp.send("Performance.enable")

    def busy() -> float:
        """Seconds for which the page's own thread has been busy."""
        metrics = cdp.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "ThreadTime")

    visit.page.evaluate("document.getElementById('go').click()")
    visit.page.wait_for_selector("#stop[aria-disabled=false]", state="attached")
    visit.until_seen(1_000)
    shares: dict[str, list[float]] = {"": [], "none": []}
    for display in 2 * ["", "none"]:
        visit.page.evaluate(f"document.querySelector('.ground').style.display = '{display}'")
        visit.page.wait_for_timeout(500)
        start, begun = busy(), time.monotonic()
        visit.page.wait_for_timeout(1_500)
        shares[display].append((busy() - start) / (time.monotonic() - begun))
    visit.page.evaluate("document.querySelector('.ground').style.display = ''")
    assert visit.page.get_attribute("#stop", "aria-disabled") == "false"  # it has trained all the time
    shown, hidden = (100 * min(each) for each in shares.values())
    # The first requests after a change of kernels take longer than estimated.
    visit.until("parseFloat(document.getElementById('inspect-share').textContent.match(/[\\d.]+/)) < 10")
    (share,) = numbers(visit.text("#inspect-share"))
    visit.page.evaluate("document.getElementById('stop').click()")
    visit.wait_for("#go", "Train")
    tell(
        f"the network's picture, {model}, {kernels}: its questions take {share}% of the training's time; "
        f"the page's thread is busy {shown:.1f}% of the time, without the picture {hidden:.1f}%"
    )
    assert shown - hidden < 10
