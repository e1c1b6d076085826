"""The notebooks in JupyterLite: each is run to its end, and its outputs are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hosting import Server
from playwright.sync_api import Browser
from visits import Visit

READY = """() => {
  const widget = globalThis.jupyterapp?.shell.currentWidget;
  return widget?.context?.isReady && widget.sessionContext.session?.kernel?.status === 'idle';
}"""

# Gives the notebook as it would be saved, once all cells have run and their last outputs have arrived.
RUN = """async () => {
  const widget = jupyterapp.shell.currentWidget;
  await jupyterapp.commands.execute('notebook:run-all-cells');
  return widget.content.model.toJSON();
}"""

# What JupyterLite says of itself in the console of a healthy page.
CHATTER = [
    "Failed to load resource",
    "is duplicated.",
    "default shortcut because it collides",
    "Uploader widget not found",
]


class Notebook:
    """A notebook that was run.

    Attributes:
        visit: the page.
        cells: its code cells, in order.
    """

    def __init__(self, visit: Visit, seconds: float = 120) -> None:
        self.visit = visit
        visit.expected += CHATTER
        page = visit.page
        page.wait_for_function(READY, timeout=120_000)
        page.set_default_timeout(seconds * 1000)
        self.cells = [cell for cell in page.evaluate(RUN)["cells"] if cell["cell_type"] == "code"]
        for cell in self.cells:
            for output in cell["outputs"]:
                assert output["output_type"] != "error", f"{cell['source']}\n{output['traceback']}"
                assert output.get("name") != "stderr", f"{cell['source']}\n{output['text']}"

    def text(self) -> str:
        """All that it printed, and its results as plain text."""
        return "\n".join(
            output["text"] if output["output_type"] == "stream" else str(output["data"].get("text/plain", ""))
            for cell in self.cells
            for output in cell["outputs"]
        )

    def shown(self, kind: str) -> list[str]:
        """All outputs of a MIME type."""
        return [
            output["data"][kind]
            for cell in self.cells
            for output in cell["outputs"]
            if kind in output.get("data", {})
        ]


@pytest.fixture
def run(
    enter: Callable[..., Visit], server: Server, visits: list[Visit]
) -> Iterator[Callable[..., Notebook]]:
    """`run(path)` opens a notebook and runs it."""
    opened = []

    def run(path: str, seconds: float = 120) -> Notebook:
        visit = enter(f"{server.url}lite/notebooks/index.html?path={path}")
        opened.append(visit)
        return Notebook(visit, seconds)

    yield run
    for visit in opened:
        visit.check()
        visit.page.context.close()
        visits.remove(visit)


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("ja-JP", "ja"), ("fr-FR", "en")])
def test_the_door_leads_to_the_index_in_the_visitors_language(
    browser: Browser, server: Server, locale: str, language: str
) -> None:
    with browser.new_context(locale=locale) as context:
        page = context.new_page()
        page.goto(f"{server.url}lite/")
        page.wait_for_url(f"**/lite/notebooks/index.html?path={language}/index.ipynb")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_index(run: Callable[..., Notebook], language: str) -> None:
    notebook = run(f"{language}/index.ipynb")
    assert "61,706" in notebook.shown("text/html")[0]


def test_the_other_pages_fetch_no_more_for_it(browser: Browser, server: Server) -> None:
    """Their Pyodide folder holds the notebooks' packages too."""
    with browser.new_context() as context:
        page = context.new_page()
        wheels = set()
        context.on("request", lambda request: wheels.add(request.url.rsplit("/", 1)[-1].split("-")[0]))
        page.goto(server.url)
        page.locator("#go").filter(has_text="Train").wait_for()
        assert {"numpy", "pyconvlite"} <= wheels
        assert not wheels & {"matplotlib", "ipython", "pillow", "tqdm"}
