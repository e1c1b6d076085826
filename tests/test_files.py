import inspect
import io
import os
import stat
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest

import pyconvlite.layers as L
from pyconvlite import checkpoint, export_html, onnx, project
from pyconvlite._files import read_from, replacing, written


def put(path, contents=b"new"):
    with replacing(path) as file:
        file.write(contents)


def test_file_is_replaced_atomically(tmp_path):
    path = tmp_path / "a"
    with replacing(path) as file:
        file.write(b"new")
        assert not path.exists()
        assert len(os.listdir(tmp_path)) == 1
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [OSError("the server is down"), KeyboardInterrupt("")])
def test_error_keeps_the_old_file(tmp_path, error):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fails():
        with replacing(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(type(error), match=f"^{error}$"):
        fails()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_longest_file_name(tmp_path):
    path = tmp_path / ("a" * 255)
    put(path)
    put(path, b"newer")
    assert path.read_bytes() == b"newer"


@pytest.mark.parametrize("use", [written, read_from])
@pytest.mark.parametrize("file", [b"a", 3, None])
def test_other_types_are_refused(use, file):
    with pytest.raises(TypeError, match=f"file must be a path .* got {type(file).__name__}"), use(file):
        pass


@pytest.mark.parametrize(
    "f",
    [
        *(checkpoint.save, checkpoint.load, project.save, project.load, onnx.save, export_html),
        *(L.Layer.save_weights, L.Layer.load_weights),
    ],
)
def test_public_functions_name_the_argument_file(f):
    assert "file" in inspect.signature(f).parameters


@pytest.mark.cpython
def test_stale_temporary_files_are_removed_after_ten_minutes(tmp_path):
    path, other = tmp_path / "a", tmp_path / "b"
    dies = (
        "import os, sys; from pyconvlite._files import replacing; c = replacing(sys.argv[1]); c.__enter__()"
    )
    for target in (path, path, other):
        subprocess.run([sys.executable, "-c", f"{dies}; os._exit(9)", str(target)], check=False)
    left = set(os.listdir(tmp_path))
    assert len(left) == 3
    put(path)
    assert set(os.listdir(tmp_path)) == {"a", *left}  # their writers may still live
    for name in left:
        before = (tmp_path / name).stat().st_mtime - 601
        os.utime(tmp_path / name, (before, before))
    put(path)
    put(path)
    assert len(os.listdir(tmp_path)) == 2  # and that of the other target
    put(other)
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_removed_temporary_file_keeps_the_old_file(tmp_path):
    path = tmp_path / "a"
    put(path, b"old")

    def waits():
        with replacing(path) as file:
            file.write(b"new")
            (unfinished,) = (tmp_path / name for name in os.listdir(tmp_path) if name != "a")
            os.utime(unfinished, (0, 0))
            put(path, b"newer")

    with pytest.raises(FileNotFoundError):
        waits()
    assert path.read_bytes() == b"newer"
    assert os.listdir(tmp_path) == ["a"]


def test_concurrent_writers(tmp_path):
    path = tmp_path / "a"
    with replacing(path) as one, replacing(path) as other:
        one.write(b"one")
        other.write(b"other")
    assert path.read_bytes() == b"one"  # the block of the first ends last
    assert os.listdir(tmp_path) == ["a"]


def test_link_at_the_temporary_name_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"old")
    monkeypatch.setattr(os, "urandom", bytes)
    (tmp_path / f".{zlib.crc32(b'a'):08x}-{bytes(8).hex()}.tmp").symlink_to(victim)
    with pytest.raises(FileExistsError):
        put(tmp_path / "a")
    assert victim.read_bytes() == b"old"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_file_mode_is_kept(tmp_path, mode):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(mode)
    with replacing(path):
        (unfinished,) = (name for name in os.listdir(tmp_path) if name != "a")
        assert stat.S_IMODE((tmp_path / unfinished).stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_read_only_file_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o444)
    # root may write every file
    monkeypatch.setattr(os, "access", lambda path, mode: bool(os.stat(path).st_mode & 0o222))
    with pytest.raises(PermissionError, match="a'"):
        put(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_new_file_has_the_default_mode(tmp_path):
    (tmp_path / "usual").touch()
    put(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_link_is_kept_and_its_target_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    target, link, chain = tmp_path / "folder" / "target", tmp_path / "link", tmp_path / "chain"
    link.symlink_to("folder/target")
    chain.symlink_to(link)
    for contents in (b"made", b"replaced"):  # the link dangles at first
        put(chain, contents)
        assert target.read_bytes() == contents
    assert link.is_symlink()
    assert chain.is_symlink()
    assert os.listdir(tmp_path / "folder") == ["target"]


def test_a_link_to_itself(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(OSError, match="link"):
        put(link)
    assert os.listdir(tmp_path) == ["link"]


def test_special_files_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-device").symlink_to(os.devnull)
    for path in (tmp_path / "folder", tmp_path / "to-device", os.devnull):
        before = os.stat(path).st_mode
        with pytest.raises(OSError, match=r"is not a regular file and cannot be replaced"):
            L.Linear(3, in_size=2).save_weights(path)
        assert os.stat(path).st_mode == before
    assert sorted(os.listdir(tmp_path)) == ["folder", "to-device"]


@pytest.mark.cpython
def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"pipe' is not a regular file"):
        put(tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize(
    ("file", "error", "message"),
    [
        (b"PK", TypeError, "or a binary file object; got bytes: use BytesIO"),
        ("https://example.org/w.npz", FileNotFoundError, "is a URL, not a path; pass what utils"),
        ("HTTPS://example.org/w.npz", FileNotFoundError, "is a URL, not a path; pass what utils"),
    ],
)
def test_bytes_and_urls_are_refused(file, error, message):
    with pytest.raises(error, match=message):
        L.Linear(3, in_size=2).load_weights(file)


@pytest.mark.cpython
def test_open_pipe_is_written_to():
    layer, other = L.Linear(3, in_size=2), L.Linear(3, in_size=2)
    source, sink = os.pipe()
    with open(sink, "wb") as pipe, written(pipe) as file:
        assert file is pipe
        layer.save_weights(file)
    with open(source, "rb") as pipe:
        other.load_weights(io.BytesIO(pipe.read()))
    assert (other.W.data == layer.W.data).all()


@pytest.mark.cpython
def test_threads_save_to_the_same_path(tmp_path):
    path = tmp_path / "weights.npz"
    layers = [L.Linear(30, in_size=20) for _ in range(8)]

    def work(layer):
        other = L.Linear(30, in_size=20)
        for _ in range(10):
            layer.save_weights(path)
            other.load_weights(path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, layers))  # raises what a thread raised
    assert os.listdir(tmp_path) == ["weights.npz"]


@pytest.mark.cpython
def test_full_disk_names_the_path(tmp_path):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"'.*w\.npz'$"):
            L.Linear(30, in_size=20).save_weights(tmp_path / "w.npz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []


def test_missing_folder_is_named(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"nowhere' is missing; create it first: .*w\.npz"),
        replacing(tmp_path / "nowhere" / "w.npz"),
    ):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="the folder is Linux's")
def test_read_only_folder_is_named_as_given():
    with pytest.raises(OSError, match=r"'/proc/weights\.npz'"), replacing("/proc/weights.npz"):
        pass


@pytest.mark.parametrize("use", [read_from, written])
def test_text_mode_file_is_refused(use):
    with pytest.raises(TypeError, match="got StringIO: open it in binary mode"), use(io.StringIO()):
        pass
