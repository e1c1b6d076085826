"""What the build tells of the site's size, and where it stops."""

import gzip
import json
import random

import pytest

site_size = pytest.importorskip("tools.site_size", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


def noise(size):
    """Text that gzip makes no smaller than three quarters."""
    return "".join(random.Random(1).choices("0123456789abcdefghijklmnopqrstuvwxyz+-_.,:;!?*()[]{}", k=size))


@pytest.fixture
def site(tmp_path):
    files = {
        "learn.html": '<script src="./assets/learn-1.js"></script><link href="./assets/page-1.css">',
        "other.html": '<script src="./assets/other-1.js"></script>',
        "assets/learn-1.js": 'import"./shared-1.js"; new Worker(new URL("run.worker-1.js", import.meta.url))',
        "assets/shared-1.js": "x",
        "assets/run.worker-1.js": "y",
        "assets/other-1.js": 'import"./shared-1.js"; "graph.worker-1.js"',
        "assets/graph.worker-1.js": noise(600_000),
        "assets/page-1.css": "@font-face { src: url(./plex-1.woff2) }",
        "assets/plex-1.woff2": "font",
        "service-worker.js": "z" * 1000,
        "pyodide/pyodide-lock.json": json.dumps(
            {
                "packages": {
                    "numpy": {"file_name": "numpy-2.whl", "depends": []},
                    "pyconvlite": {"file_name": "pyconvlite-1.whl", "depends": ["numpy", "more"]},
                    "more": {"file_name": "more-1.whl", "depends": ["numpy"]},
                    "unused": {"file_name": "unused-1.whl", "depends": []},
                }
            }
        ),
        "mnist/t10k.gz": "m" * 300_000,
        "weights/net.safetensors": "w" * 9_600_000,
    }
    names = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
    for name in (*names, "numpy-2.whl", "pyconvlite-1.whl", "more-1.whl", "unused-1.whl"):
        files[f"pyodide/{name}"] = "w" * 400_000
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_what_a_page_loads_is_followed_through_its_files(site):
    names = {path.name for path in site_size.loaded_by(site, "learn.html")}
    assert names == {
        "learn.html",
        "learn-1.js",
        "shared-1.js",
        "run.worker-1.js",
        "page-1.css",
        "plex-1.woff2",
    }


def test_python_is_pyodide_and_the_packages_with_what_they_need(site):
    wheels = {path.name for path in site_size.python_files(site) if path.suffix == ".whl"}
    assert wheels == {"numpy-2.whl", "pyconvlite-1.whl", "more-1.whl"}


def test_sizes_are_those_that_are_sent(site):
    assert site_size.sent(site / "service-worker.js") == len(gzip.compress(b"z" * 1000, 9))
    assert site_size.sent(site / "mnist/t10k.gz") == 300_000  # it is compressed


def test_the_report(site):
    own, visit, weights = site_size.report(site)
    assert own == "JavaScript and CSS: 0 kB gzipped, of 350"
    # three wheels and the standard library; what is gzipped hardly counts
    assert visit.startswith("first visit of the Learn page: 1.6 MB, of which ")
    rest = sum(site_size.sent(path) for path in (site / "assets").glob("*-1.js")) / 1e6
    assert f"the rest of the site, {rest + 0.3:.1f} MB, follows" in visit
    assert weights == "pretrained weights, where a program names them: 9.6 MB"


def test_a_site_that_has_outgrown_its_budget_is_refused(site):
    (site / "assets" / "heavy-1.js").write_text(noise(600_000))
    with pytest.raises(
        site_size.TooLargeError, match=r"the budget is 350; the largest, in kB: heavy-1\.js 4\d\d, "
    ):
        site_size.report(site)


def test_weights_have_a_budget_of_their_own(site):
    (site / "weights" / "more.safetensors").write_bytes(bytes(500_000))
    with pytest.raises(site_size.TooLargeError, match=r"weights are 10\.1 MB, the budget is 10"):
        site_size.report(site)
