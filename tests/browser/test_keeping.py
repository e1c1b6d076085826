"""The training page over several visits: it restores model and drawing, and reports what it cannot store."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hosting import Preview
from lessons import wait
from strokes import DIGITS, draw
from visits import Visit

# The total darkness of the drawing.
INK = """() => {
  const pad = document.getElementById('pad');
  const { data } = pad.getContext('2d').getImageData(0, 0, pad.width, pad.height);
  return data.reduce((sum, value, i) => (i % 4 === 3 ? sum + value : sum), 0);
}"""

# How many images the stored model has been trained on; null without one.
KEPT = """async () => {
  const open = indexedDB.open('training');
  const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
  const get = database.transaction('work').objectStore('work').get('checkpoint');
  const kept = await new Promise((resolve) => (get.onsuccess = () => resolve(get.result)));
  database.close();
  return kept?.model.samples ?? null;
}"""

# Replaces the stored weights by other bytes.
SPOIL = """async () => {
  const open = indexedDB.open('training');
  const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
  const store = database.transaction('work', 'readwrite').objectStore('work');
  const get = store.get('checkpoint');
  const kept = await new Promise((resolve) => (get.onsuccess = () => resolve(get.result)));
  const put = store.put({ ...kept, bytes: new Uint8Array(100) }, 'checkpoint');
  await new Promise((resolve) => (put.onsuccess = resolve));
  database.close();
}"""


def train_a_little(visit: Visit) -> int:
    """Return how many images the model has seen."""
    visit.choose(model="MLP", batchSize=16)
    visit.page.click("#go")
    visit.until_seen(64)
    visit.page.click("#stop")
    visit.wait_for("#notice", "Training has stopped.")
    return visit.seen()


def until_kept(visit: Visit, images: int) -> None:
    """Wait until a model that was trained on so many images is stored."""
    wait(lambda: visit.page.evaluate(KEPT) == images, lambda: f"no model of {images} images is kept")


def test_model_and_drawing_survive_a_reload(visit: Visit, tmp_path: Path) -> None:
    draw(visit.page, DIGITS[7])
    visit.wait_for("#seen-caption", "your drawing")
    ink = visit.page.evaluate(INK)
    assert ink > 0
    images = train_a_little(visit)
    hint = visit.text("#model-hint")
    before = visit.weights(tmp_path).read_bytes()
    until_kept(visit, images)

    python = re.compile("/pyodide/")
    visit.page.route(python, lambda route: None)
    visit.page.reload()
    visit.page.wait_for_selector("#loss-chart")
    assert visit.page.locator("#gradient-chart").count() == 0  # there are no measurements
    visit.page.unroute(python)
    visit.page.reload()
    visit.wait_for("#notice", "Ready, with the model from your last visit.")
    visit.unfold()
    assert visit.page.input_value("[name=fresh]") == ""  # Train continues from it
    assert visit.page.evaluate(INK) == ink
    visit.wait_for("#seen-caption", "your drawing")
    assert visit.text("#model-hint") == hint
    assert visit.weights(tmp_path).read_bytes() == before
    assert visit.page.input_value("[name=model]") == "MLP"
    assert visit.page.get_attribute("#loss-chart", "aria-label")

    visit.choose(fresh="", batchSize=16)  # and training continues
    visit.page.click("#go")
    visit.until_seen(16)
    visit.page.click("#stop")
    visit.wait_for("#go", "Train")
    trained = int(visit.text("#model-hint").split(" on ")[1].split()[0].replace(",", ""))
    assert trained > int(hint.split(" on ")[1].split()[0].replace(",", ""))


def test_reload_during_training_restores_the_checkpoint(visit: Visit) -> None:
    visit.choose(model="MLP", batchSize=16)
    visit.page.click("#go")
    visit.wait_for("#notice", "Training has started.")
    wait(lambda: (visit.page.evaluate(KEPT) or 0) > 0, lambda: "no checkpoint is kept")
    visit.page.reload()
    visit.wait_for("#notice", "Ready, with the model from your last visit.")
    visit.unfold()
    assert visit.text("#model-hint").startswith("MLP, trained on ")


# The database opens only after the page's timeout, or cannot be read.
WHIMS = """
if (location.search.includes('late')) {
  IDBOpenDBRequest.prototype.addEventListener = function (type, listener, ...rest) {
    const late = (event) => setTimeout(() => {
      listener.call(this, event);
      window.isOpen = true;
    }, 4_000);
    EventTarget.prototype.addEventListener.call(this, type, type === 'success' ? late : listener, ...rest);
  };
}
if (location.search.includes('unread')) {
  IDBObjectStore.prototype.get = () => {
    throw new DOMException('It cannot be read.', 'UnknownError');
  };
  window.isOpen = true;
}"""


@pytest.mark.full
def test_unreadable_data_is_not_overwritten(visit: Visit, server: Preview) -> None:
    draw(visit.page, DIGITS[7])
    visit.wait_for("#seen-caption", "your drawing")
    ink = visit.page.evaluate(INK)
    train_a_little(visit)
    visit.choose(fresh="yes")
    images = train_a_little(visit)  # the previous run is put aside
    until_kept(visit, images)
    visit.page.add_init_script(WHIMS)
    for whim in ("late", "unread"):
        visit.page.goto(f"{server.url}?{whim}")
        visit.wait_for("#go", "Train")
        assert visit.text("#notice") == "Ready."
        visit.wait_for("#seen-caption", "a test image: a 7")
        visit.until("window.isOpen")
        visit.stand_still()  # what it wrote is stored
        visit.page.goto(server.url)
        visit.wait_for("#notice", "Ready, with the model from your last visit.")
        assert visit.page.evaluate(INK) == ink
        assert visit.page.locator(".runs li").count() == 1
    visit.unfold()


@pytest.mark.full
def test_mismatched_stored_weights_are_discarded(visit: Visit) -> None:
    until_kept(visit, train_a_little(visit))
    visit.page.evaluate(SPOIL)
    visit.page.reload()
    visit.wait_for("#notice", "The weights from your last visit do not fit this version of the model.")
    visit.unfold()
    assert visit.text("#model-hint") == "MLP with random weights."  # named in the URL
    assert visit.page.is_hidden("#fault")


@pytest.mark.full
def test_full_storage_is_reported(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank")
    quota = {"origin": server.url.removesuffix("/"), "quotaSize": 1000}
    # before the first write: the browser caches the free space for a while
    visit.page.context.new_cdp_session(visit.page).send("Storage.overrideQuotaForOrigin", quota)
    visit.page.goto(server.url)
    visit.wait_for("#go", "Train")
    train_a_little(visit)
    visit.wait_for("#keep-hint", "Your browser has no room to keep the model")
    visit.page.click("#language")
    assert "次の訪問まで保存できません" in visit.text("#keep-hint")


@pytest.mark.full
def test_missing_storage_is_reported(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter("about:blank")
    visit.page.add_init_script(
        "Object.defineProperty(window, 'indexedDB', { get() { throw new Error('off') } })"
    )
    visit.page.goto(server.url)
    visit.wait_for("#go", "Train")
    train_a_little(visit)
    visit.wait_for("#keep-hint", "Your browser stores nothing for this page")
