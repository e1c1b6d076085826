"""The packages that pages unpack by themselves."""

import gzip
import json
import zipfile

import pytest

installed = pytest.importorskip("tools.installed", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.fixture
def folder(tmp_path):
    """A Pyodide folder with three packages, of which one needs another."""
    entries = {}
    for name, needs in {"one": ["two"], "two": [], "other": []}.items():
        entries[name] = {"file_name": f"{name}-1-py3-none-any.whl", "depends": needs}
        with zipfile.ZipFile(tmp_path / entries[name]["file_name"], "w", zipfile.ZIP_DEFLATED) as wheel:
            wheel.mkdir(name)
            wheel.writestr(f"{name}/__init__.py", f"name = '{name}'\n" * 9)
            wheel.writestr(f"{name}-1.dist-info/METADATA", f"Name: {name}\n")
    (tmp_path / "pyodide-lock.json").write_text(json.dumps({"packages": entries}))
    return tmp_path


def test_archive_has_packages_and_their_dependencies(folder):
    installed.write(folder, ["one"])
    content = (folder / installed.NAME).read_bytes()
    line, _, rest = gzip.decompress(content).partition(b"\n")
    head = json.loads(line)
    assert head["packages"] == ["one", "two"]
    files = {}
    for path, length in head["files"]:
        files[path], rest = rest[:length], rest[length:]
    assert rest == b""
    assert files["two/__init__.py"] == b"name = 'two'\n" * 9
    assert files["one-1.dist-info/PYODIDE_SOURCE"] == b"pyodide"
    assert set(files) == {
        *(
            f"{n}-1.dist-info/{f}"
            for n in ("one", "two")
            for f in ("INSTALLER", "METADATA", "PYODIDE_SOURCE")
        ),
        "one/__init__.py",
        "two/__init__.py",
    }


def test_same_wheels_give_the_same_archive(folder, monkeypatch):
    installed.write(folder, ["one"])
    first = (folder / installed.NAME).read_bytes()
    monkeypatch.setattr("time.time", lambda: 1e9)
    installed.write(folder, ["one"])
    assert (folder / installed.NAME).read_bytes() == first
