"""The larger commands of `./build.sh` besides `test`: serve, pytest-node and bench."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.build import programs
from tools.build.outputs import BASE, BENCH_NPM, NPM, PAGES, PEERS, WHEEL, make, runner, write_distribution
from tools.build.process import NOTHING, PYTHON, ROOT, BuildError, hand_over, run, say, status_of


def serve(port: int) -> int:
    """Serve the site until a Ctrl-C.

    Raises:
        BuildError: the port cannot be used, or the site not be built.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise BuildError(
            f"port {port} cannot be used, {reason}; choose another: ./build.sh serve --port N"
        ) from error
    make(PAGES)
    command = preview(port)
    os.execv(command[0], command)


def preview(port: int) -> list[str]:
    """Return the command that serves the site as it was built."""
    vite = [str(programs.find_node()), "node_modules/vite/bin/vite.js"]
    return [*vite, "preview", "site", "--host", "127.0.0.1", "--port", str(port), "--strictPort"]


def pytest_node(packages: Sequence[str], arguments: Sequence[str]) -> int:
    """Run pytest inside Pyodide from the user's folder, and return its exit status.

    Args:
        packages: what it needs besides NumPy and pytest: names as pip reads them, or wheels.
        arguments: pytest's.
    """
    called_from = Path(os.environ["PYCONVLITE_CALLED_FROM"])
    node = programs.find_node()
    make(WHEEL)
    with _distribution(called_from, packages) as folder:
        return hand_over(in_pyodide(node, folder, "pytest", *arguments), called_from)


@contextmanager
def _distribution(called_from: Path, packages: Sequence[str]) -> Iterator[str]:
    """Lend a Pyodide folder with the packages."""
    if not packages:
        make(BASE)
        yield BASE
        return
    folder = tempfile.mkdtemp(prefix="pyodide-with.", dir="dist")
    try:
        wheels = [str(called_from / name) if name.endswith(".whl") else name for name in packages]
        write_distribution(folder, *runner(), *wheels)
        yield folder
    finally:
        shutil.rmtree(folder)


def in_pyodide(node: Path, folder: str, mode: str, *arguments: str) -> list[str | Path]:
    """Return the command that runs Python in a Pyodide folder under Node."""
    program = ROOT / "tools" / "pyodide_node.mjs"
    return [node, program, mode, "--pyodide", ROOT / folder, "--wheel", ROOT / WHEEL, *arguments]


def bench(arguments: Sequence[str]) -> int:
    """Run the benchmarks; return an exit status.

    Args:
        arguments: one of the benchmarks below and what it reads, or nothing.

    Raises:
        BuildError: they are something else, or what a benchmark needs cannot be had.
    """
    match arguments:
        case []:
            return _bench_all()
        case ["parallel"]:
            return status_of([PYTHON, "benchmarks/parallel.py"], NOTHING)
        case ["lighthouse", *pages]:
            return _bench_lighthouse(pages)
        case ["webgpu"]:
            return _bench_webgpu(_prepared())
        case ["nets", *names]:
            return _bench_nets(_prepared(), names)
        case ["threads", *rest]:
            return status_of([*in_pyodide(_prepared(), BASE, "run"), "benchmarks/threads.py", *rest])
        case ["tiny"]:
            node = _prepared()
            run(PYTHON, "benchmarks/tiny.py")
            return status_of([*in_pyodide(node, BASE, "run"), "benchmarks/tiny.py"])
    raise BuildError(
        f"bench: {' '.join(arguments)!r} is none of parallel, lighthouse [PAGE...], webgpu, nets [NET...], "
        "threads, tiny"
    )


def _prepared() -> Path:
    """Make what the benchmarks in Pyodide need; return Node."""
    make(WHEEL, PEERS, BENCH_NPM, BASE)
    return programs.find_node()


def _bench_all() -> int:
    """Measure ours and DeZero in all places, then the small CNN beside other frameworks."""
    node = _prepared()
    in_node = in_pyodide(node, BASE, "run")
    say("-- CPython")
    run(PYTHON, "benchmarks/bench.py")
    say("-- CPython, in two processes")
    run(PYTHON, "benchmarks/parallel.py")
    say("-- Pyodide under Node")
    run(*in_node, "benchmarks/bench.py")
    run(*in_node, "benchmarks/threads.py")
    say("-- other frameworks")
    environment: Mapping[str, str] = NOTHING
    if browser := programs.chromium():
        environment = {"PYCONVLITE_CHROMIUM": browser}
    else:
        say(f"-- {programs.NO_BROWSER}")
    return _bench_nets(node, ["small-cnn"], environment)


def _bench_webgpu(node: Path) -> int:
    """Time pyconvlite and two other frameworks on this machine's adapter."""
    make(NPM)
    adapter = programs.adapter(node)
    if adapter is None:
        raise BuildError(programs.NO_ADAPTER)
    return status_of([node, "benchmarks/webgpu_peers.mjs", BASE, WHEEL], adapter)


def _bench_lighthouse(pages: Sequence[str]) -> int:
    """Have Lighthouse judge pages of the site."""
    make(PAGES, BENCH_NPM)
    browser = programs.chromium()
    if browser is None:
        raise BuildError(programs.NO_BROWSER)
    node = str(programs.find_node())
    return status_of([PYTHON, "benchmarks/lighthouse.py", node, *pages], {"PYCONVLITE_CHROMIUM": browser})


def _bench_nets(node: Path, arguments: Sequence[str], environment: Mapping[str, str] = NOTHING) -> int:
    """Time several nets against other frameworks, or profile pyconvlite with --profile."""
    if "--profile" in arguments:
        names = [argument for argument in arguments if argument not in ("--profile", "--cpu")]
        return status_of(in_pyodide(node, BASE, "run", "benchmarks/nets_profile.py", *names))
    return status_of([PYTHON, "benchmarks/nets.py", "dist/bench", node, *arguments], environment)
