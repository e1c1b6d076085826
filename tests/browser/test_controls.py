"""Train, pause, resume, stop; upload and download of weights; errors of Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Dialog
from visits import Visit

# Presses a button and returns the text of the main button two frames later: the page reacts at once.
PRESS = """async (id) => {
  document.getElementById(id).click();
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
  return document.getElementById('go').textContent;
}"""


def press(visit: Visit, button: str) -> None:
    before = visit.text("#go")
    assert visit.page.evaluate(PRESS, button) != before


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def test_pause_resume_stop(visit: Visit) -> None:
    visit.choose(model="LeNet")
    press(visit, "go")
    assert visit.text("#go") == "Pause"
    visit.until_seen(64)

    press(visit, "go")
    visit.wait_for("#notice", "paused")
    assert visit.text("#go") == "Resume"
    paused_at = visit.seen()
    assert visit.page.is_disabled("[name=learningRate]")
    assert visit.page.is_enabled("#download")
    visit.stand_still()
    assert visit.seen() == paused_at

    press(visit, "go")
    visit.until_seen(paused_at + 32)

    press(visit, "stop")
    visit.wait_for("#notice", "Training has stopped.")
    assert visit.text("#go") == "Train"
    stopped_at = visit.seen()
    assert stopped_at % 32 == 0
    assert visit.text("#model-hint") == f"LeNet, trained on {stopped_at:,} images."
    assert visit.page.is_enabled("[name=learningRate]")


def test_double_click_starts_one_training(visit: Visit) -> None:
    visit.choose(batchSize=16)
    visit.page.dblclick("#go")
    visit.until_seen(64)
    assert visit.text("#go") == "Pause"
    press(visit, "stop")
    visit.wait_for("#go", "Train")


@pytest.mark.full
def test_training_that_learns_nothing_is_reported(visit: Visit) -> None:
    visit.choose(model="MLP", optimizer="Adam", learningRate=3)
    press(visit, "go")
    visit.wait_for("#diagnosis", "Lower the learning rate.")
    press(visit, "stop")
    visit.wait_for("#notice", "Training has stopped.")


def test_leaving_during_training_asks(visit: Visit) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    visit.page.on("dialog", stay)
    visit.page.click("#go")
    visit.until_seen(32)
    visit.page.close(run_before_unload=True)
    visit.until_seen(visit.seen() + 32)  # it goes on
    assert asked == ["beforeunload"]
    here = visit.page.url
    visit.page.click("nav >> text=Lessons", no_wait_after=True)
    visit.until_seen(visit.seen() + 32)
    assert (asked, visit.page.url) == (["beforeunload"] * 2, here)
    visit.page.remove_listener("dialog", stay)
    press(visit, "stop")
    visit.wait_for("#go", "Train")


def test_numpy_kernels_can_be_chosen(visit: Visit) -> None:
    visit.choose(model="MLP", kernels="numpy")
    assert 'use("numpy")' in (visit.page.text_content("#run-py") or "")
    press(visit, "go")
    visit.wait_for("#kernels", "Computing with NumPy: it was requested.")
    press(visit, "stop")
    visit.wait_for("#go", "Train")
    visit.choose(kernels="auto")
    press(visit, "go")
    visit.wait_for("#kernels", "Computing with WebAssembly SIMD kernels (relaxed)")
    press(visit, "stop")
    visit.wait_for("#go", "Train")


def test_missing_gpu_is_explained(visit: Visit) -> None:
    visit.wait_for("#gpu-hint", "No WebGPU: there is no adapter to open")
    assert visit.page.is_disabled("#webgpu")


@pytest.mark.full
def test_stop_during_a_long_batch(visit: Visit, tmp_path: Path) -> None:
    visit.choose(batchSize=16)
    press(visit, "go")
    visit.until_seen(48)
    press(visit, "stop")
    visit.wait_for("#notice", "Training has stopped.")
    hint = visit.text("#model-hint")
    before = arrays(visit.weights(tmp_path))

    visit.choose(batchSize=10_000, fresh="", kernels="numpy")  # a batch takes seconds
    press(visit, "go")
    visit.wait_for("#kernels", "NumPy")  # the batch begins
    press(visit, "stop")
    visit.wait_for("#go", "Loading …")
    visit.wait_for("#notice", "Python was restarted from the last checkpoint")
    assert visit.text("#go") == "Train"
    assert visit.text("#model-hint") == hint
    assert visit.seen() == 0  # of the abandoned run
    after = arrays(visit.weights(tmp_path))
    assert list(before) == list(after)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])

    visit.choose(batchSize=16, kernels="auto")
    press(visit, "go")  # and training continues
    visit.until_seen(16)
    press(visit, "stop")
    visit.wait_for("#go", "Train")


def upload(visit: Visit, path: Path) -> None:
    with visit.page.expect_file_chooser() as chooser:
        visit.page.click("#upload")
    chooser.value.set_files(path)


# Delays reading of files until `window.read()` is called.
HOLD = """() => {
  const { arrayBuffer } = Blob.prototype;
  const wanted = new Promise((resolve) => (window.read = resolve));
  Blob.prototype.arrayBuffer = async function () {
    await wanted;
    return arrayBuffer.call(this);
  };
}"""


def test_training_cannot_start_while_a_file_opens(visit: Visit, tmp_path: Path) -> None:
    path = visit.weights(tmp_path)
    visit.page.evaluate(HOLD)
    upload(visit, path)
    visit.wait_for("#go", "Opening")
    for button in ("go", "step", "test", "upload", "download"):
        visit.page.evaluate("id => document.getElementById(id).click()", button)
        assert visit.page.get_attribute(f"#{button}", "aria-disabled") == "true"
    assert visit.page.is_disabled("[name=learningRate]")
    visit.stand_still()
    assert visit.text("#go") == "Opening …"
    visit.page.evaluate("window.read()")
    visit.wait_for("#notice", f"The weights from {path.name} are loaded.")
    assert visit.text("#go") == "Train"
    visit.choose(batchSize=16)
    press(visit, "go")
    visit.until_seen(16)
    press(visit, "stop")
    visit.wait_for("#go", "Train")


def test_mismatched_weights_change_nothing(visit: Visit, tmp_path: Path) -> None:
    hint = visit.text("#model-hint")
    before = visit.weights(tmp_path).read_bytes()
    archive = tmp_path / "other.npz"
    np.savez(archive, **{"conv1/W": np.zeros((16, 1, 3, 3), np.float32)})
    upload(visit, archive)
    visit.wait_for("#fault-title", "other.npz has the weights of another network (5 arrays missing, ")
    title = visit.text("#fault-title")
    assert title.startswith("other.npz has")  # the file's name is shown as text
    assert "conv1/W" not in title
    assert visit.page.is_hidden("#fault-detail")
    detail = visit.page.text_content("#fault-detail") or ""
    assert "missing: conv1/b; missing: " in detail
    assert "conv1/W has shape (16, 1, 3, 3); the model needs (16, 1, 5, 5)" in detail

    visit.page.click("#language")
    visit.wait_for("#fault-title", "other.npz は別のネットワークの重みです")
    visit.page.click("#language")
    assert visit.text("#go") == "Train"

    text = tmp_path / "notes.npz"
    text.write_text("not weights")
    upload(visit, text)
    visit.wait_for("#fault-title", "'notes.npz' is not a file of weights")
    assert visit.weights(tmp_path).read_bytes() == before
    assert visit.text("#model-hint") == hint
    visit.page.click("#dismiss")
    visit.page.wait_for_selector("#fault", state="hidden")


def test_weights_download_and_upload(visit: Visit, tmp_path: Path) -> None:
    before = visit.weights(tmp_path)
    upload(visit, before.rename(tmp_path / "mine.npz"))
    visit.wait_for("#notice", "The weights from mine.npz are loaded.")
    assert visit.text("#model-hint") == "Small CNN with uploaded weights."
    after = arrays(visit.weights(tmp_path))
    for name, array in arrays(tmp_path / "mine.npz").items():
        np.testing.assert_array_equal(array, after[name])
    assert visit.page.is_enabled("#continue")  # training continues from these weights
    visit.choose(model="MLP")
    assert visit.page.is_disabled("#continue")


def test_nan_weights_are_reported(visit: Visit, tmp_path: Path) -> None:
    weights = arrays(visit.weights(tmp_path))
    weights["conv1/W"][:] = np.nan
    archive = tmp_path / "broken.npz"
    np.savez(archive, **weights)
    upload(visit, archive)
    visit.wait_for("#seen-caption", "Its weights, from the file, are not finite")
    visit.choose(fresh="")
    visit.page.click("#go")
    visit.wait_for("#fault-title", "start from random weights")
    assert visit.text("#fault-title").startswith("The loss of the first batch is nan: ")
    visit.page.click("#dismiss")
    visit.choose(fresh="yes")


def test_python_error_is_shown(visit: Visit) -> None:
    visit.choose(optimizer="SGD", learningRate="1e30", batchSize=8)
    visit.page.click("#go")
    visit.wait_for("#fault-title", "the loss is")
    assert "lower the learning rate" in visit.text("#fault-title")
    assert visit.page.is_hidden("#fault-detail")
    visit.page.click("#fault-more summary")
    assert "Traceback (most recent call last)" in visit.text("#fault-detail")
    assert 'File "/home/pyodide/tab/training.py"' in visit.text("#fault-detail")

    visit.choose(optimizer="Adam", batchSize=16)
    press(visit, "go")  # the page still works
    assert visit.page.is_hidden("#fault")
    visit.until_seen(16)
    press(visit, "stop")
    visit.wait_for("#go", "Train")


@pytest.mark.parametrize(("name", "value"), [("learningRate", "0"), ("batchSize", "0"), ("epochs", "")])
def test_invalid_setting_is_rejected(trained: Visit, name: str, value: str) -> None:
    kept = trained.page.input_value(f"[name={name}]")
    trained.choose(**{name: value})
    trained.page.click("#go")
    assert trained.text("#go") == "Train"
    assert trained.page.locator(f"[name={name}]:invalid").count() == 1
    trained.choose(**{name: kept})
