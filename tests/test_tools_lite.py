"""The notebooks' scripts, and the notebooks made from them."""

import base64
import hashlib
import itertools
import json
import re
import subprocess
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext", reason="not inside Pyodide")
nbformat = pytest.importorskip("nbformat", reason="not inside Pyodide")
lite = pytest.importorskip("tools.lite", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython

SCRIPTS = sorted(Path(__file__).parents[1].glob("site/lite/notebooks/*.py"))

SCRIPT = """# %% [markdown] lang="en"
# # Title
#
# Text, and `code`.
# %% [markdown] lang="ja"
# # 題
# %%
x = 1

await x  # as in any notebook
# %%
# a comment in code
"""


def test_notebooks_have_one_language_and_all_code():
    sources = {
        language: [cell["source"] for cell in lite.notebook(SCRIPT, language)["cells"]]
        for language in lite.LANGUAGES
    }
    code = ["x = 1\n\nawait x  # as in any notebook", "# a comment in code"]
    assert sources == {"en": ["# Title\n\nText, and `code`.", *code], "ja": ["# 題", *code]}


@pytest.mark.parametrize("mark", ["", ' lang="fr"', " en"])
def test_text_without_a_language_is_refused(mark):
    with pytest.raises(lite.LiteError, match="this is not: Whose"):
        lite.notebook(f"# %% [markdown]{mark}\n# Whose?", "en")


def test_pages_have_icon_and_isolation_script(tmp_path):
    pages = [tmp_path / app / "index.html" for app in ("notebooks", "tree")]
    for page in pages:
        page.parent.mkdir()
        page.write_text("<html><head><script>app</script></head></html>")
    lite.complete_pages(tmp_path)
    for page in pages:
        assert page.read_text().index('<link rel="icon"') < page.read_text().index("<script>")
        first, second = re.findall(r"<script>(.*?)</script>", page.read_text(), re.DOTALL)
        assert "serviceWorker" in first
        assert second == "app"
        digest = base64.b64encode(hashlib.sha256(b"app").digest()).decode()
        policy = re.findall(r'Content-Security-Policy" content="(.*?)"', page.read_text())
        assert f"'sha256-{digest}'" in policy[0]
    pages[1].write_text("<html></html>")
    with pytest.raises(lite.LiteError, match=r"tree/index\.html has no <head>"):
        lite.complete_pages(tmp_path)


@pytest.mark.parametrize(("scheme", "ground"), [("light", "#ffffff"), ("dark", "#111111")])
def test_figures_use_the_colors_of_the_site(tmp_path, scheme, ground):
    matplotlib = pytest.importorskip("matplotlib")
    sheet = (lite.SITE / "src/styles/base.css").read_text("utf-8")
    part = sheet.partition("prefers-color-scheme: dark")[0 if scheme == "light" else 2]
    path = tmp_path / "matplotlibrc"
    path.write_text(lite.figure_settings(sheet)[scheme], "utf-8")
    settings = matplotlib.rc_params_from_file(path, use_default_template=False)
    assert settings["figure.facecolor"] == settings["axes.facecolor"] == ground
    assert f"--text: {settings['text.color']};" in part
    lines = settings["axes.prop_cycle"].by_key()["color"]
    assert lines == re.findall(r"--line-\d: (#\w+);", part)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
class TestNotebooks:
    def test_notebook_has_no_outputs(self, script, language):
        made = lite.notebook(script.read_text("utf-8"), language)
        nbformat.validate(made)
        assert all(cell["source"] for cell in made["cells"])
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in made["cells"])

    def test_notebook_starts_with_a_title_in_its_language(self, script, language):
        cells = lite.notebook(script.read_text("utf-8"), language)["cells"]
        texts = [cell["source"] for cell in cells if cell["cell_type"] == "markdown"]
        assert cells[0]["source"].startswith("# ")
        for text in texts:
            prose = re.sub(r"```.*?```|`.*?`|\$.*?\$|\(.*?\)", "", text, flags=re.DOTALL)
            assert bool(re.search("[ぁ-ん]|[ァ-ヶ]|[一-龠]", prose)) == (language == "ja"), text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_texts_of_both_languages_alternate(script):
    """So that no text is missing in one of the languages."""
    order = [cell.metadata.get("lang") for cell in jupytext.read(script, fmt="py:percent").cells]
    texts = [language for language in order if language]
    assert texts == ["en", "ja"] * (len(texts) // 2)
    assert all(after == "ja" for before, after in itertools.pairwise(order) if before == "en")


def test_the_build_writes_both_languages(tmp_path):
    lite.write_notebooks(tmp_path)
    for language in lite.LANGUAGES:
        written = sorted((tmp_path / language).iterdir())
        assert [path.name for path in written] == [f"{path.stem}.ipynb" for path in SCRIPTS]


class TestBuild:
    """With a stand-in for JupyterLite's builder, which writes the given files."""

    @pytest.fixture
    def built(self, tmp_path):
        """`built(config)` builds a folder with that `jupyter-lite.json` in it, and gives the folder."""

        def built(config, status=0):
            program = tmp_path / "jupyter-lite"
            program.write_text(
                "#!/bin/sh\nmkdir -p lite/doc && cp jupyter-lite.json lite/read.json && echo its words\n"
                "touch lite/doc/index.html\n"
                f"cat >lite/jupyter-lite.json <<'END'\n{json.dumps(config)}\nEND\nexit {status}\n"
            )
            program.chmod(0o755)
            lite.build(tmp_path / "out", program)
            return tmp_path / "out"

        return built

    CONFIG = json.loads((lite.SOURCE / "jupyter-lite.json").read_text("utf-8"))

    def test_index_page_chooses_the_language(self, built):
        folder = built(self.CONFIG)
        door = (folder / "index.html").read_text("utf-8")
        assert "navigator.languages" in door
        assert not (folder / "doc").exists()  # it has no policy, and leads nowhere
        assert "first paint" not in door
        assert "notebooks/index.html?path=" in door
        assert json.loads((folder / "read.json").read_text("utf-8")) == self.CONFIG

    @pytest.mark.parametrize("lost", ["pyodideUrl", "disablePyPIFallback", "loadPyodideOptions"])
    def test_missing_setting_keeps_the_old_folder(self, built, lost):
        before = built(self.CONFIG)
        config = json.loads(json.dumps(self.CONFIG))
        del config["jupyter-config-data"]["litePluginSettings"][lite.KERNEL][lost]
        with pytest.raises(lite.LiteError, match=f"lost the kernel's {lost}"):
            built(config)
        assert (before / "index.html").exists()
        assert [path.name for path in before.parent.glob(".unfinished-*")] == []

    def test_failed_build_shows_its_output(self, built):
        with pytest.raises(lite.LiteError, match="its words"):
            built({}, status=1)


LOOK = """
import { signals } from '%s';
const shared = new Uint8Array(1);
const buffer = signals(shared);
const look = (meanwhile = () => {}) => {
  const signal = buffer[0];
  meanwhile();
  buffer[0] = 0;
  return signal;
};
console.log(look(() => (shared[0] = 2)), look(), look());
"""


def test_signal_during_a_check_is_kept():
    module = Path(__file__).parents[1] / "site" / "lite" / "interrupts.mjs"
    command = ["node", "--input-type=module", "--eval", LOOK % module.as_uri()]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "0 2 0\n"
