"""tools/build/changes.py: which tests a change affects."""

import os
import subprocess

import pytest

changes = pytest.importorskip("tools.build.changes", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with some files on main, whose current branch is another."""
    # A hook of Git's that runs the tests says in these where its own repository is, which Git would change.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # the user's may sign commits, and ask for a password
    monkeypatch.setattr(changes, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyconvlite").mkdir()
    (tmp_path / "pyconvlite" / "_graph.py").touch()
    for name in (
        "test_autograd_changes",
        "test_conv",
        "test_conv_scipy",
        "test_functions_conv1d",
        "test_functions_pooling",
        "test_graph",
        "test_layers_walk",
        "test_optimizers",
        "test_simd_conv",
        "test_simd_build",
    ):
        (tmp_path / "tests" / f"{name}.py").write_text("import pytest\n")
    (tmp_path / "tests" / "test_conv.py").write_text("from oracles import plain_conv\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "switch", "-qc", "other")
    return tmp_path


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ("pyconvlite/functions/conv.py", ["test_conv", "test_conv_scipy"]),
        ("pyconvlite/functions/pooling.py", ["test_functions_pooling"]),
        ("pyconvlite/functions/__init__.py", ["test_functions_conv1d", "test_functions_pooling"]),
        ("pyconvlite/autograd/function.py", ["test_autograd_changes"]),  # not the tests of functions/
        ("pyconvlite/_graph.py", ["test_graph"]),
        ("pyconvlite/layers/graph.py", ["test_graph", "test_layers_walk"]),  # whose tests may be either
        ("pyconvlite/backends/numpy/pooling.py", ["test_functions_pooling"]),
        ("pyconvlite/backends/numpy/optimizer.py", ["test_optimizers"]),
        ("pyconvlite/backends/simd/conv.py", ["test_simd_conv"]),
        ("pyconvlite/backends/simd/library.py", ["test_simd_build", "test_simd_conv"]),
        ("pyconvlite/nothing/like_it.py", []),
        ("tests/oracles.py", ["test_conv"]),
        ("tests/test_conv.py", ["test_conv"]),
        ("tests/test_that_is_gone.py", []),
        ("tests/browser/test_conv.py", []),
        ("README.md", []),
    ],
)
@pytest.mark.usefixtures("repository")
def test_tests_of_a_file(changed, names):
    assert changes.tests_of([changed]) == [f"tests/{name}.py" for name in names]


def test_changes_include_the_branch_and_uncommitted_files(repository):
    (repository / "tests" / "test_conv.py").write_text("committed = True\n")
    git(repository, "commit", "-qam", "second")
    (repository / "tests" / "test_simd_conv.py").write_text("changed = True\n")
    (repository / "tests" / "test_new.py").write_text("untracked = True\n")
    assert changes.tests() == ["tests/test_conv.py", "tests/test_new.py", "tests/test_simd_conv.py"]


def test_smoke_tests_for_unrelated_changes():
    assert [path for name in changes.SMOKE for path in changes.tests_of([f"tests/{name}.py"])]


@pytest.mark.usefixtures("repository")
def test_smoke_tests_without_changes():
    assert changes.tests() == [f"tests/{name}.py" for name in changes.SMOKE]
