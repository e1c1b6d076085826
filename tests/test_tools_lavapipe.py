"""tools/lavapipe.py: errors where Mesa is not available, and the files that it keeps."""

import hashlib
import json
from pathlib import Path

import pytest

lavapipe = pytest.importorskip("tools.lavapipe", reason="the tools are not in the wheel")
fetch = pytest.importorskip("tools.fetch", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython

TARGETS = "http://mirror/security Debian Debian-Security\nhttp://mirror/debian Debian Debian\n"


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """Stand-ins for Debian's programs; `versions` has Mesa's by suite."""
    monkeypatch.setenv("PYCONVLITE_CACHE", str(tmp_path))
    monkeypatch.setattr(lavapipe.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(lavapipe, "_release", lambda: "stable")
    versions = {"stable": "22.3.6-1", "stable-backports": "25.0.7-2~bpo1"}

    def run(*command):
        options = dict(part[2:].split("=", 1) for part in command if part.startswith("-o"))
        suite = next((part[2:] for part in command if part.startswith("-t")), "")
        if "indextargets" in command:
            return TARGETS
        if "policy" in command:
            return f"mesa-vulkan-drivers:\n  Candidate: {versions[suite]}\n  Version table:\n"
        if "--download-only" in command:
            sources = Path(options["Dir::Etc::SourceList"]).read_text()
            assert "http://mirror/debian stable-backports main" in sources
            assert suite == "stable-backports"
            Path(options["Dir::Cache"], "archives/mesa.deb").touch()
        if "dpkg-deb" in command:
            root = Path(command[-1])
            for name in ("libvulkan_lvp.so", "libvulkan_intel.so", "libdrm.so.2"):
                library = root / "usr/lib/x86_64-linux-gnu" / name
                library.parent.mkdir(parents=True, exist_ok=True)
                library.touch()
            description = root / "usr/share/vulkan/icd.d/lvp_icd.x86_64.json"
            description.parent.mkdir(parents=True)
            description.write_text('{"ICD": {"library_path": "/usr/lib/libvulkan_lvp.so"}}')
        return ""

    monkeypatch.setattr(lavapipe, "_run", run)
    return versions


def test_driver_and_dependencies_are_kept(apt):
    folder = lavapipe.find()
    assert {path.name for path in folder.iterdir()} == {"libvulkan_lvp.so", "libdrm.so.2", "lvp_icd.json"}
    description = json.loads((folder / "lvp_icd.json").read_text())
    assert description["ICD"]["library_path"] == "./libvulkan_lvp.so"
    recipe = hashlib.sha256(Path(lavapipe.__file__).read_bytes()).hexdigest()
    assert folder.parent == fetch.cache_dir() / recipe
    apt.clear()  # nothing is asked for again
    assert lavapipe.find() == folder
    assert not list(fetch.cache_dir().glob(".unfinished-*"))


def test_release_without_mesa(apt):
    apt["stable-backports"] = "(none)"
    with pytest.raises(fetch.FetchError, match="no Mesa 25"):
        lavapipe.find()
    assert not list(fetch.cache_dir().iterdir())


def test_other_distribution(apt, monkeypatch):
    monkeypatch.setattr(lavapipe.shutil, "which", lambda name: None)
    with pytest.raises(fetch.FetchError, match="Debian"):
        lavapipe.find()


def test_failing_command():
    with pytest.raises(fetch.FetchError, match=r"ls failed: .*nowhere"):
        lavapipe._run("ls", "/nowhere")
