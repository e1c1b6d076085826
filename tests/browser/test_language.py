"""The site in Japanese: chosen by the browser's language or by the visitor, and complete."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hosting import CASES, DIST, PAGES, Preview, Server
from visits import Visit

sys.path.insert(0, str(Path(__file__).parents[1]))
from site_words import english_words

# All visible text and labels, without code.
SAID = """() => {
  const code = 'code, pre, script, style, .wordmark, [lang=en], [translate=no], .language';
  const said = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, data } = walker.currentNode;
    if (!data.trim() || parentElement.closest(code) || !parentElement.checkVisibility()) continue;
    const keepsBreaks = getComputedStyle(parentElement).whiteSpaceCollapse.startsWith('preserve');
    said.push(keepsBreaks ? data.replaceAll('\\n', ' ') : data);
  }
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest(code) || !element.checkVisibility()) continue;
    for (const name of ['aria-label', 'aria-description', 'alt', 'title', 'placeholder']) {
      const value = element.getAttribute(name);  // that of aria- is read, not shown
      if (value) said.push(name.startsWith('aria-') ? value.replaceAll('\\n', ' ') : value);
    }
  }
  return said;
}"""

# Names that scripts insert, and English terms used in Japanese.
TERMS = {
    "ReLU",
    "relaxed",
    "simd128",
    "forward",
    "gx",
    "gW",
    "fc",  # a layer of the small CNN
    "chrome://gpu",
    "Chrome",
    "Edge",
    "Safari",
    "Firefox",
    "MIT",
    "QR",
    *("HTML", "ONNX", "PyTorch", "npz", "safetensors", "zip"),
    *("Function", "U-Net", "VGG", "WGAN-GP"),  # of the playground's examples
    *("Apache", "License", "Google", "ImageNet", "ML", "Illustrated"),
}

# In lessons also axes, variables of a figure's Python, names.
LESSON_TERMS = {
    *("KH", "KW", "OC", "OH", "OW", "PH", "PW", "SH", "SW"),
    *("col", "gy", "kernels", "most", "moved", "normed", "once", "pooled", "products", "rows", "sums"),
    "test",
    *("Fergus", "Grad-CAM", "Selvaraju", "Zeiler"),
    *("FGSM", "Goodfellow"),
    *("Deep", "Learning", "Luo", "Odena", "ResNet", "WGAN-GP", "dilated", "convolution"),
    *("average", "scale", "tanh", "times"),
}


def english(visit: Visit) -> list[str]:
    """The English words on the page, without the browser's reason for a missing adapter."""
    terms = TERMS | LESSON_TERMS if re.search("/le(arn|sson)", visit.page.url) else TERMS
    said = [re.sub(r"\(no adapter\)|[^\x20-\x7e]+", " ", text) for text in visit.page.evaluate(SAID)]
    return [text for text in said if set(english_words(text)) - terms]


@pytest.fixture(scope="module")
def japanese(enter_for_module: Callable[..., Visit]) -> Visit:
    """The training page in a Japanese visitor's browser, ready to train."""
    visit = enter_for_module(locale="ja-JP")
    visit.wait_for("#go", "学習を始める")
    visit.wait_for("#reading-count", "正解")
    visit.unfold()
    return visit


@pytest.mark.parametrize("page", CASES)
def test_first_paint_is_japanese(enter: Callable[..., Visit], server: Preview, page: str) -> None:
    visit = enter(server.url + page, python=False, locale="ja-JP")
    assert visit.page.evaluate("document.documentElement.lang") == "ja"
    assert english(visit) == []
    assert re.search("[ぁ-んァ-ヶ一-龠]", visit.page.title())
    broken = re.compile(
        r"[ぁ-んァ-ヶ一-龠ー]\s*\n\s*[ぁ-んァ-ヶ一-龠ー]|[、。]\s*\n\s*\S"
    )  # a space would be shown
    assert [text for text in visit.page.evaluate(SAID) if broken.search(text)] == []
    visit.page.context.close()


def test_language_in_the_url(enter: Callable[..., Visit], server: Preview) -> None:
    """As in a link that a teacher copied; a visitor's own choice takes precedence."""
    visit = enter(f"{server.url}lesson-sum.ja.html", python=False, locale="en-US")
    assert visit.page.url.endswith("lesson-sum.ja.html")
    assert visit.page.evaluate("document.documentElement.lang") == "ja"
    visit.page.click("#language")
    visit.page.goto(f"{server.url}lesson-sum.ja.html")
    visit.page.wait_for_url("**/lesson-sum.html")
    visit.page.context.close()


@pytest.mark.parametrize("page", CASES)
def test_language_switch_is_kept(enter: Callable[..., Visit], server: Preview, page: str) -> None:
    visit = enter(server.url + page, python=False, locale="en-US")
    before = visit.page.evaluate(SAID)
    visit.page.click("#language")
    assert english(visit) == []
    visit.page.click("#language")
    assert visit.page.title() == before[0]
    assert not re.search("[ぁ-ん]", " ".join(visit.page.evaluate(SAID)))
    visit.page.click("#language")
    visit.page.reload()
    assert visit.page.evaluate("document.documentElement.lang") == "ja"
    assert english(visit) == []
    visit.page.context.close()


@pytest.mark.full
def test_training_in_japanese(japanese: Visit) -> None:
    japanese.wait_for("#gpu-hint", "使える GPU が見つかりません")
    assert english(japanese) == []
    japanese.choose(model="MLP", images=10_000, batchSize=16)
    assert "# 重みは乱数" in (japanese.page.text_content("#run-py") or "")
    japanese.page.click("#go")
    japanese.wait_for("#notice", "学習を始めました。")
    assert english(japanese) == []
    japanese.page.click("#language")  # training goes on
    assert japanese.text("#go") == "Pause"
    assert japanese.text("#notice") == "Training has started."
    assert "# random weights" in (japanese.page.text_content("#run-py") or "")
    japanese.page.click("#language")
    japanese.wait_for("#notice", "テスト画像の正解率は")
    assert english(japanese) == []
    assert japanese.text("#model-hint") == "MLP、10,000 枚の画像で学習済み。"
    assert japanese.page.get_attribute("#loss-chart", "aria-label").startswith("損失: 画像 10,000 枚")
    mistake = japanese.page.locator("#mistakes button").first
    assert "読み違えた" in (mistake.get_attribute("aria-label") or "")
    japanese.page.click("#clear")
    japanese.wait_for("#seen-caption", "まだ何も描かれていません。")


@pytest.mark.full
def test_errors_in_japanese(japanese: Visit, tmp_path: Path) -> None:
    japanese.choose(model="SmallCNN", optimizer="SGD", learningRate="1e30", batchSize=8)
    japanese.page.click("#go")
    japanese.wait_for("#fault-title", "学習率を下げてください")
    japanese.page.click("#language")
    assert "lower the learning rate" in japanese.text("#fault-title")
    japanese.page.click("#language")
    japanese.page.click("#dismiss")

    other = tmp_path / "other.npz"
    other.write_text("no archive")
    japanese.page.set_input_files("#file", other)
    japanese.wait_for("#fault-title", "重みのファイル(npz、safetensors、pt、pth)ではありません")
    japanese.page.click("#dismiss")
    japanese.choose(model="MLP")
    japanese.page.set_input_files("#file", japanese.weights(tmp_path))
    japanese.wait_for("#fault-title", "は 小さな CNN の重みです。モデルに 小さな CNN を選んでから")


def test_missing_file_in_japanese(enter: Callable[..., Visit], own_server: Server) -> None:
    own_server.missing.add("pyodide.asm.wasm")
    visit = enter(own_server.url, locale="ja-JP")
    visit.expected += ["404", "wasm"]
    visit.wait_for("#fault-title", "Python が動いていません")
    assert "を取得できません(サーバーの応答 404)" in visit.text("#fault-title")
    visit.page.context.close()


@pytest.mark.full
def test_the_benchmark_in_japanese(enter: Callable[..., Visit], server: Preview) -> None:
    visit = enter(f"{server.url}bench.html", locale="ja-JP")
    visit.page.click("#go")
    visit.wait_for("#notice", "測っています。")
    visit.until("document.querySelector('#split-kernels dd') !== null", seconds=120)
    visit.page.click("#stop")
    visit.wait_for("#notice", "停止しました。")
    assert english(visit) == []
    visit.page.context.close()


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_language_button_is_below_the_wordmark_on_a_phone(
    enter: Callable[..., Visit], server: Preview, locale: str
) -> None:
    """At the start of a line it is aligned with the text."""
    visit = enter(f"{server.url}bench.html", locale=locale, viewport={"width": 360, "height": 740})
    left = "element => element.getBoundingClientRect().left"
    edge, button = (visit.page.locator(name).evaluate(left) for name in (".wordmark", "#language"))
    assert button >= edge


# Pages with pictures that the visitor draws, takes or opens.
PICTURES = {
    "learn.html",
    "lesson-filters.html",
    "lesson-kernel.html",
    "lesson-pooling.html",
    "own.html",
    "play.html",
}


@pytest.mark.parametrize("page", PAGES)
def test_terminology(page: str) -> None:
    """The terms of CONTRIBUTING, in the text without code."""
    body = (DIST / "site" / page).read_text("utf-8").partition("<body")[2]
    shown = re.sub(r"<(script|style|pre|code)\b.*?</\1>", " ", body, flags=re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", shown).replace("your own pictures", "").lower()
    assert re.search(r"\bfilters?\b", words) is None or page == "lesson-sum.html"  # which explains the word
    assert re.search(r"\bpictures?\b", words) is None or page in PICTURES
