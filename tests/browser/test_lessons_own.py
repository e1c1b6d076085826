"""The last lesson: a network is assembled, trained, compared, exported, opened on the training page."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hosting import Preview
from lessons import Lesson
from test_keeping import KEPT
from visits import Visit

# Stores a network of the training page, trained on five images.
KEEP = """async () => {
  const open = indexedDB.open('training', 1);
  open.onupgradeneeded = () => open.result.createObjectStore('work');
  const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
  const store = database.transaction('work', 'readwrite').objectStore('work');
  const model = { name: 'MLP', origin: 'trained', samples: 5, classes: 10 };
  const put = store.put({ model, bytes: new Uint8Array(100) }, 'checkpoint');
  await new Promise((resolve) => (put.onsuccess = resolve));
  database.close();
}"""


def choose(visit: Visit, **choices: str) -> None:
    for name, value in choices.items():
        visit.page.check(f"[name={name}][value='{value}']", force=True)


def test_network_is_assembled(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}lesson-own.html", python=False)
    sentence = "#build .sentence"
    # conv 1 → 8 and 8 → 16 of 3 x 3, then 16 maps of 7 x 7 to ten scores
    visit.wait_for(sentence, f"{8 * 10 + 16 * 73 + (16 * 49 + 1) * 10:,} parameters")
    question = Lesson(visit.page, "build")
    answer = (16 * 28 * 28 + 1) * 10
    for given, reply in (
        (answer - 10, "has a bias, too"),
        (answer // 10, "There are 10"),
        (7850, "Nothing shrinks the maps"),
        (answer, "Right."),
    ):
        question.answer(given, reply)
    choose(visit, pools="false")
    visit.wait_for("#build li:last-child", f"{answer:,} parameters to learn")
    choose(visit, depth="1", channels="4", drops="true")
    visit.until("location.search === '?model=conv4x3s-drop50'")
    visit.page.reload()
    visit.wait_for(sentence, f"{4 * 10 + (4 * 28 * 28 + 1) * 10:,} parameters")
    assert visit.page.get_attribute("#open", "href") == "./?model=conv4x3s-drop50"
    # the visitor's progress, and the link to continue
    assert re.search(r"opened 1 of \d+ lessons and answered 1 of", visit.text("#onward"))
    left = visit.page.locator("#onward .left a").last
    assert left.get_attribute("href") == "./lesson-own.html#ask-own-accuracy"
    assert visit.page.locator("#ask-own-accuracy").is_visible()
    onward = visit.page.locator("#onward li a").evaluate_all("links => links.map((a) => a.href)")
    assert onward
    assert all(visit.page.request.get(link).ok for link in onward)


@pytest.mark.full  # it is trained twice
def test_network_is_trained_and_exported(
    enter: Callable[..., Visit], server: Preview, tmp_path: Path
) -> None:
    visit = enter(f"{server.url}lesson-own.html?model=conv4x3s-pool2")
    page = visit.page
    page.locator("#train").scroll_into_view_if_needed()
    assert "Train it first" in visit.text("#take")
    visit.wait_for("#go", "Train it")
    visit.wait_for("#notice", "Ready.")
    page.click("#go")
    page.wait_for_selector("#stop")
    choose(visit, drops="true")  # for the next test
    visit.wait_for("#accuracy", "%", seconds=120)
    accuracy = float(visit.text("#accuracy").rstrip("%"))
    assert accuracy > 90  # the answer about the smallest one
    assert page.locator("#train svg path").count() == 1
    page.click("#go")
    visit.wait_for("#train table", "dropout", seconds=120)
    assert page.locator("#train svg path").count() == 2
    rows = page.locator("#train tbody tr").all_inner_texts()
    assert "dropout" not in rows[0]
    assert re.findall(r"[\d.,]+%?", rows[0])[-2:] == ["7,890", f"{accuracy}%"]

    visit.wait_for("#model-hint", "trained on 10,000 images")
    files = {}
    for kind in ("safetensors", "onnx", "html"):
        with page.expect_download() as download:
            page.click(f"#download-{kind}")
        files[kind] = download.value.path().read_bytes()
    length = struct.unpack("<Q", files["safetensors"][:8])[0]
    shapes = {
        name: each["shape"]
        for name, each in json.loads(files["safetensors"][8 : 8 + length]).items()
        if "shape" in each
    }
    assert sorted(map(tuple, shapes.values())) == [(4,), (4, 1, 3, 3), (10,), (10, 784)]
    assert b"<canvas" in files["html"]
    assert files["onnx"]

    page.evaluate(KEEP)
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as asked:
        page.click("#open")
    assert "Replace it by this one?" in asked.value.message
    visit.stand_still()
    assert "lesson" in page.url
    assert page.evaluate(KEPT) == 5
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("#open")  # the training page has the network, weights included
    page.wait_for_url(lambda url: "lesson" not in url)
    visit.wait_for("#notice", "with the model from your last visit", seconds=120)
    visit.unfold()
    visit.wait_for("#model-hint", "Your own net, trained on 10,000 images.")
    page.click("#test")
    visit.wait_for("#notice", "Test accuracy")
