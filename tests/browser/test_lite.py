"""The notebooks in JupyterLite: each is run to its end, most in the full run, and its outputs checked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PHONE
from hosting import Preview, Server
from playwright.sync_api import Browser, Page
from visits import DENIED, Visit

NOTEBOOKS = sorted(Path(__file__).parents[2].glob("site/lite/notebooks/*.py"))

READY = """() => {
  const widget = globalThis.jupyterapp?.shell.currentWidget;
  return widget?.context?.isReady && widget.sessionContext.session?.kernel?.status === 'idle';
}"""

# Returns the notebook as it would be saved, after all cells have run.
RUN = """async () => {
  await jupyterapp.commands.execute('notebook:run-all-cells');
  return jupyterapp.shell.currentWidget.content.model.toJSON();
}"""

# The same, with observations of the training cell while it ran: its bar, and the size of its picture.
RUN_AND_WATCH = f"""async () => {{
  let running = true;
  const run = ({RUN})().finally(() => (running = false));
  const {{ cells }} = jupyterapp.shell.currentWidget.content.model;
  const cell = [...cells].find(({{ sharedModel }}) => sharedModel.source.includes('optimizer.update'));
  const seen = [];
  while (running) {{
    const [curve, bar] = cell.outputs.toJSON();
    if (bar) seen.push([bar.text, curve.data['image/png'].length]);
    await new Promise((go) => setTimeout(go, 100));
  }}
  return {{ ...(await run), seen }};
}}"""

# Starts code in the kernel; returns its output so far, and all of it once it is `done`.
START = """(code) => {
  const started = { text: '' };
  const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
  future.onIOPub = ({ content }) => (started.text += content.text ?? content.traceback?.join('\\n') ?? '');
  started.done = future.done.then(() => started.text);
  return started;
}"""

# Returns the whole output after its end.
ASK = f"(code) => ({START})(code).done"

# The output messages of some code: stream and text of each.
PARTS = """async (code) => {
  const parts = [];
  const future = jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code });
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === 'stream') parts.push([content.name, content.text]);
    if (header.msg_type === 'display_data') parts.push(['shown', content.data['text/plain']]);
    if (header.msg_type === 'error') parts.push(['error', content.traceback.join('')]);
  };
  await future.done;
  return parts;
}"""

# What JupyterLite prints to the console of a healthy page.
CHATTER = [
    "Memory storage fallback enabled",  # its message stays
    "is duplicated.",
    "default shortcut because it collides",
    "Uploader widget not found",
]


class Notebook:
    """A notebook that was run to its end, without an error.

    Attributes:
        page: with the notebook.
        found: what the script that ran it gave.
        cells: its code cells, in order.
    """

    def __init__(self, page: Page, script: str = RUN) -> None:
        self.page = page
        page.wait_for_function(READY, timeout=120_000)
        self.found = page.evaluate(script)
        self.cells = [cell for cell in self.found["cells"] if cell["cell_type"] == "code"]
        for cell in self.cells:
            assert cell["execution_count"]
            for output in cell["outputs"]:
                assert output["output_type"] != "error", f"{cell['source']}\n{output['traceback']}"
                assert output.get("name") != "stderr", f"{cell['source']}\n{output['text']}"

    @property
    def outputs(self) -> list[dict[str, Any]]:
        return [output for cell in self.cells for output in cell["outputs"]]

    @property
    def text(self) -> str:
        """The printed output, and the results as plain text."""
        return "\n".join(output.get("text") or output["data"]["text/plain"] for output in self.outputs)

    def shown(self, kind: str) -> list[str]:
        """All outputs of a MIME type."""
        return [output["data"][kind] for output in self.outputs if kind in output.get("data", {})]

    def ask(self, code: str) -> str:
        """Run code in the kernel; return what it prints."""
        return self.page.evaluate(ASK, code).strip()


@pytest.fixture
def run(enter: Callable[..., Visit], server: Preview) -> Callable[..., Notebook]:
    """`run(path)` opens a notebook and runs it, `run(path, script)` by another script than RUN."""

    def run(path: str, script: str = RUN) -> Notebook:
        visit = enter("about:blank", service_workers="allow")
        visit.expected += CHATTER
        visit.page.context.on(
            "response", lambda response: visit.faults.append(response.url) if response.status >= 400 else None
        )
        visit.page.goto(f"{server.url}lite/notebooks/index.html?path={path}")
        return Notebook(visit.page, script)

    return run


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("ja-JP", "ja"), ("fr-FR", "en")])
def test_entry_page_redirects_by_language(
    browser: Browser, server: Preview, locale: str, language: str
) -> None:
    with browser.new_context(locale=locale) as context:
        page = context.new_page()
        page.goto(f"{server.url}lite/")
        page.wait_for_url(f"**/lite/notebooks/index.html?path={language}/index.ipynb")


@pytest.mark.full
@pytest.mark.parametrize(("language", "title"), [("en", "Step 55"), ("ja", "ステップ55")])
def test_index_links_to_every_notebook(run: Callable[..., Notebook], language: str, title: str) -> None:
    notebook = run(f"{language}/index.ipynb")
    assert "61,706" in notebook.shown("text/html")[0]
    links = notebook.page.locator(".jp-MarkdownOutput a[href*='.ipynb']")
    assert links.count() == len(NOTEBOOKS) - 1
    with notebook.page.context.expect_page() as opened:
        links.first.click()
    opened.value.wait_for_url(f"**/lite/notebooks/index.html?path={language}%2F55.ipynb")
    opened.value.locator("h1", has_text=title).wait_for()


def test_stop_ends_the_cell_and_keeps_the_kernel(run: Callable[..., Notebook]) -> None:
    notebook = run("ja/index.ipynb")
    assert "61,706" in notebook.shown("text/html")[0]
    assert notebook.page.get_attribute("#way-back", "href") == "../../"
    assert notebook.ask("print(open('/home/pyodide/matplotlibrc').readline())") == "figure.facecolor: ffffff"
    notebook.page.get_by_title("Interrupt the kernel").click()  # nothing runs, so that it has no effect
    endless = notebook.page.evaluate_handle(START, "kept = 1\nprint('begun', flush=True)\nwhile True: pass")
    notebook.page.wait_for_function("({ text }) => text.includes('begun')", arg=endless)
    notebook.page.get_by_title("Interrupt the kernel").click()
    notebook.page.wait_for_function("({ text }) => text.includes('KeyboardInterrupt')", arg=endless)
    assert (
        notebook.ask("from pyconvlite import backends\nprint(kept, backends.describe().threads > 1)")
        == "1 True"
    )


def test_output_order_and_imports(run: Callable[..., Notebook]) -> None:
    """Thousands of lines come in few messages, in order; cells with magics load packages, too."""
    notebook = run("en/index.ipynb")
    cell = """
%matplotlib inline
import matplotlib
import sys
from IPython.display import display
for i in range(4000):
    print(i)
print("aside", file=sys.stderr)
display("shown")
print("last")
"""
    parts = notebook.page.evaluate(PARTS, cell)
    printed = "\n".join(map(str, range(4000)))
    assert "".join(text for _, text in parts) == f"{printed}\naside\n'shown'last\n"
    assert len(parts) < 600
    assert "".join(text for kind, text in parts if kind == "stderr") == "aside\n"
    assert notebook.ask("import tqdm\nprint(tqdm.tqdm.monitor_interval)") == "0"


@pytest.mark.full
def test_missing_interrupt_support_is_explained(browser: Browser, own_server: Server) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{own_server.url}lite/notebooks/index.html?path=en/index.ipynb")
        page.wait_for_function(READY, timeout=120_000)
        page.get_by_title("Interrupt the kernel").click()
        page.get_by_text("Restart the kernel instead.").wait_for()


@pytest.mark.full
def test_browser_without_storage(browser: Browser, server: Preview) -> None:
    with browser.new_context(service_workers="block") as context:
        context.add_init_script(DENIED)
        page = context.new_page()
        page.goto(f"{server.url}lite/notebooks/index.html?path=ja/index.ipynb")
        page.get_by_text("変更はページを開いている間だけ残ります").wait_for(timeout=120_000)
        notebook = Notebook(page)
        assert notebook.ask("open('own.txt', 'w').write('kept')\nprint(open('own.txt').read())") == "kept"


@pytest.mark.full
def test_55(run: Callable[..., Notebook]) -> None:
    notebook = run("en/55.ipynb")
    assert "sum: 7.0" in notebook.text  # 4 - 0 + 2 * (3 - 1) + 1 - 2
    assert "the same as by loops: True" in notebook.text
    assert "(1, 1, 3, 5)" in notebook.text
    assert "kernel_size 7 is larger than the padded input" in notebook.text
    assert "61,706" in notebook.shown("text/html")[0]
    assert len(notebook.shown("image/png")) == 4


@pytest.mark.full
def test_56(run: Callable[..., Notebook]) -> None:
    notebook = run("ja/56.ipynb")
    assert "by channel: [ 0. 10. 20. 30.]" in notebook.text
    assert "[[3. 4.]\n [4. 3.]]" in notebook.text
    assert "False" not in notebook.text
    assert len(notebook.shown("image/png")) == 3


@pytest.mark.full
def test_57(run: Callable[..., Notebook]) -> None:
    notebook = run("en/57.ipynb")
    for shape in ("(9, 75)", "(90, 75)", "(10, 3, 5, 5, 3, 3)", "(1, 8, 15, 15) (1, 5, 15, 15) (8, 5, 3, 3)"):
        assert shape in notebook.text
    assert "False" not in notebook.text
    shown = notebook.shown("text/html")
    assert "W (8, ?, 3, 3)" in shown[1]
    assert "W (8, 5, 3, 3)" in shown[2]
    assert "(2, 16, 24, 24)" in shown[3]


@pytest.mark.full
def test_58(run: Callable[..., Notebook]) -> None:
    notebook = run("en/58.ipynb", RUN_AND_WATCH)
    assert "37,694,248" in notebook.shown("text/html")[0]  # VGG16 at 32 x 32
    (training,) = [cell["outputs"] for cell in notebook.cells if "optimizer.update" in cell["source"]]
    curve, bar = training
    assert len(curve["data"]["image/png"]) > 10_000
    assert bar["text"].startswith("100%|███")
    assert "6000/6000" in bar["text"]
    right = float(notebook.text.split("% of 1000 test images")[0].split()[-1])
    assert right > 90
    assert len(notebook.shown("image/png")) == 4
    # Bar and curve were updated during training.
    assert len({count for count, _ in notebook.found["seen"]}) > 10
    assert len({curve for _, curve in notebook.found["seen"]}) > 5


@pytest.mark.full
def test_user_defined_function(run: Callable[..., Notebook]) -> None:
    notebook = run("en/own-function.ipynb")
    assert "backward: [0.11920292 0.5        0.95257413]" in notebook.text
    assert notebook.text.count("central differences") == 2
    losses = [
        float(line.split()[1]) for line in notebook.text.splitlines() if line.startswith(("100 ", "600 "))
    ]
    assert losses[1] < 0.01 < losses[0]
    assert len(notebook.shown("image/png")) == 2


@pytest.mark.full
class TestBackends:
    def test_missing_adapter_is_explained(self, run: Callable[..., Notebook]) -> None:
        notebook = run("en/backends.ipynb")
        assert "simd: this engine runs the variant" in notebook.text
        assert "This notebook continues without a GPU: " in notebook.text
        assert "CPU     loss 2.3" in notebook.text
        assert "There is no GPU to record on." in notebook.text

    def test_on_webgpu(self, gpu_browser: Browser, server: Preview) -> None:
        with gpu_browser.new_context() as context:
            page = context.new_page()
            page.goto(f"{server.url}lite/notebooks/index.html?path=ja/backends.ipynb")
            notebook = Notebook(page)
            assert "WebGPU: " in notebook.text
            cpu, gpu = [line.split()[2:5] for line in notebook.text.splitlines() if " ms a step" in line]
            assert cpu == gpu  # the losses
            (parameter,) = notebook.shown("text/html")
            assert "<td>GPU</td><td>-0." in parameter


@pytest.mark.full
def test_weights(run: Callable[..., Notebook]) -> None:
    notebook = run("en/weights.ipynb")
    assert "the same scores: True" in notebook.text
    assert "unexpected: layers/2/W" in notebook.text
    with notebook.page.expect_download() as download:
        notebook.page.get_by_role("link", name="spiral.npz").click()
    saved = np.load(download.value.path())
    assert saved["layers/0/W"].shape == (2, 32)

    notebook.page.reload()  # a new kernel
    notebook.page.wait_for_function(READY, timeout=120_000)
    assert notebook.ask("import os; print(os.path.getsize('spiral.npz'))") == str(
        download.value.path().stat().st_size
    )


@pytest.mark.full
@pytest.mark.parametrize("language", ["en", "ja"])
def test_fine_tune(run: Callable[..., Notebook], tell: Callable[[str], None], language: str) -> None:
    notebook = run(f"{language}/fine-tune.ipynb")
    tell(notebook.text)
    right = [int(line.split()[0]) for line in notebook.text.splitlines() if "of 18 held-out" in line]
    assert len(right) == 2
    assert min(right) >= 15
    (head,) = [line for line in notebook.text.splitlines() if line.startswith("head: ")]
    assert float(head.split()[1]) < 2
    assert "the same answers: True" in notebook.text
    assert len(notebook.shown("image/png")) == 2


@pytest.mark.full
def test_a_plain_import_of_dezero(run: Callable[..., Notebook]) -> None:
    notebook = run("en/index.ipynb")
    # The reader's own dezero takes precedence, appended to the path as in the book's programs.
    own = "import os, sys\nos.makedirs('/tmp/own/dezero')\nsys.path.append('/tmp/own')"
    own += "\nwritten = open('/tmp/own/dezero/__init__.py', 'w').write('own = 1')"
    assert notebook.ask(f"{own}\nimport dezero\nprint(dezero.own)") == "1"
    notebook.ask("sys.path.remove('/tmp/own')\ndel sys.modules['dezero']")
    code = "import dezero.functions as F\nprint(F.relu.__module__, len(dezero.datasets.MNIST(train=False)))"
    assert notebook.ask(f"import dezero\n{code}") == "pyconvlite.functions.activation 10000"
    svg = "from dezero.utils import plot_dot_graph\nprint(plot_dot_graph(F.sin(x))._repr_svg_()[:4])"
    assert notebook.ask(f"import numpy as np\nx = dezero.Variable(np.ones(2))\n{svg}") == "<svg"


def test_other_pages_fetch_no_notebook_packages(page_of: Callable[[str], Visit]) -> None:
    """Their Pyodide folder has the notebooks' packages, too."""
    files = {path.rsplit("/", 1)[-1].split("-")[0] for path in page_of("index.html").asked}
    assert "installed.gz" in files
    assert not files & {"numpy", "pyconvlite", "matplotlib", "ipython", "pillow", "tqdm"}


def test_all_menus_on_a_phone(browser: Browser, server: Preview) -> None:
    with browser.new_context(viewport=PHONE, has_touch=True, locale="ja") as context:
        page = context.new_page()
        page.goto(f"{server.url}lite/notebooks/index.html?path=ja/index.ipynb")
        page.locator("#jp-MainMenu .lm-MenuBar-item").first.wait_for()
        page.wait_for_function(READY, timeout=120_000)
        last = page.locator("#jp-MainMenu .lm-MenuBar-item").last
        item, bar = last.bounding_box(), page.locator("#jp-MainMenu").bounding_box()
        assert item
        assert bar
        assert item["x"] + item["width"] <= bar["x"] + bar["width"] <= PHONE["width"]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        for name in page.locator("#jp-MainMenu .lm-MenuBar-item").all():
            name.click()
            menu = page.locator(".lm-Menu")
            menu.locator(".lm-Menu-item:visible").first.wait_for()
            box = menu.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
            page.keyboard.press("Escape")
            menu.wait_for(state="detached")
