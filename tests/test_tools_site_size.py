"""The build's report of the site's size, and its limits."""

import gzip
import random

import pytest

site_size = pytest.importorskip("tools.site_size", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


def noise(size):
    """Text that gzip compresses to three quarters at best."""
    return "".join(random.Random(1).choices("0123456789abcdefghijklmnopqrstuvwxyz+-_.,:;!?*()[]{}", k=size))


@pytest.fixture
def site(tmp_path):
    files = {
        "learn.html": '<script src="./assets/learn-1.js"></script><link href="./assets/page-1.css">',
        "other.html": '<script src="./assets/other-1.js"></script>',
        "assets/learn-1.js": 'import{a as b}from"./shared-1.js";new URL(`run.worker-1.js`,import.meta.url);'
        "import(`./later-1.js`)",
        "assets/later-1.js": "l",
        "assets/shared-1.js": "x",
        "assets/run.worker-1.js": "y",
        "assets/other-1.js": 'import"./shared-1.js"; "graph.worker-1.js"',
        "assets/graph.worker-1.js": noise(600_000),
        "assets/page-1.css": "@font-face { src: url(./plex-1.woff2) }",
        "assets/plex-1.woff2": "font",
        "service-worker.js": "z" * 1000,
        "mnist/t10k.gz": "m" * 300_000,
        "weights/net.safetensors": "w" * 9_600_000,
    }
    for name in (*site_size.PYTHON, "unused-1.whl"):
        files[f"pyodide/{name}"] = "w" * 400_000
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_references_are_followed_through_files(site):
    names = {path.name for path in site_size.loaded_by(site, "learn.html")}
    assert names == {
        "learn.html",
        "learn-1.js",
        "shared-1.js",
        "later-1.js",
        "run.worker-1.js",
        "page-1.css",
        "plex-1.woff2",
    }


def test_first_visit_excludes_files_loaded_on_demand(site):
    learn = {"learn-1.js", "shared-1.js", "run.worker-1.js", "page-1.css", "service-worker.js"}
    assert {path.name for path in site_size.first_visit(site, "learn.html")} == learn
    other = {"other-1.js", "shared-1.js", "service-worker.js"}
    assert {path.name for path in site_size.first_visit(site, "other.html")} == other


def test_sizes_are_compressed_sizes(site):
    assert site_size.sent(site / "service-worker.js") == len(gzip.compress(b"z" * 1000, 9))
    assert site_size.sent(site / "mnist/t10k.gz") == 300_000  # it is compressed


def test_the_report(site):
    (site / "assets" / "shared-1.js").write_text(noise(4_000))
    own, visit, weights = site_size.report(site)
    size = sum(map(site_size.sent, site_size.first_visit(site, "learn.html"))) / 1000
    assert own == (
        f"JavaScript and CSS of a first visit: {size:.0f} kB gzipped at most, of 350; that of learn.html, "
        "the largest in kB: shared-1.js 3, learn-1.js 0, page-1.css 0, service-worker.js 0, run.worker-1.js 0"
    )
    # the standard library and the packages; gzipped text hardly counts
    assert visit.startswith("first visit of the Learn page: 0.8 MB, of which ")
    rest = sum(site_size.sent(path) for path in (site / "assets").glob("*-1.js")) / 1e6
    assert f"the rest of the site, {rest + 0.3:.1f} MB, follows" in visit
    assert weights == "pretrained weights, where a program names them: 9.6 MB"


def test_page_beyond_its_budget_is_refused(site):
    (site / "assets" / "later-1.js").write_text(noise(600_000))
    site_size.report(site)  # on demand
    (site / "assets" / "run.worker-1.js").write_text(noise(300_000))
    site_size.report(site)
    (site / "assets" / "page-1.css").write_text(noise(300_000))
    refused = (
        r"of learn\.html takes 4\d\d kB .*; the budget is 350; the largest, in kB: \S+ 2\d\d, \S+ 2\d\d, "
    )
    with pytest.raises(site_size.TooLargeError, match=refused):
        site_size.report(site)


def test_weights_have_their_own_budget(site):
    (site / "weights" / "more.safetensors").write_bytes(bytes(500_000))
    with pytest.raises(site_size.TooLargeError, match=r"weights are 10\.1 MB, the budget is 10"):
        site_size.report(site)
