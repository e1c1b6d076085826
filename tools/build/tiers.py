"""The tiers of the tests, and `./build.sh test`, which runs them."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any

from tools.build import changes, checkers, programs
from tools.build.commands import in_pyodide
from tools.build.environment import find_python
from tools.build.outputs import (
    BASE,
    NPM,
    PAGES,
    PYODIDE,
    PYODIDE_27,
    PYODIDE_29,
    PYODIDE_CLI,
    WHEEL,
    make,
    run_doit,
)
from tools.build.process import NOTHING, PYTHON, BuildError, say, status_of
from tools.tally import tally

LOGS = Path("dist/logs")
NO_TESTS = 5  # pytest's exit status
CRASHED = (
    b"crashed while running"  # what pytest-xdist reports when a process ended in the middle of its tests
)
# pytest's options that end the process of a test which takes 15 minutes: it hangs. The stacks are printed.
GUARD = ("-o", "faulthandler_timeout=900", "-o", "faulthandler_exit_on_timeout=true")
FEW = 15  # failures that a busy machine may cause in a browser tier: 14 tests share the page that is trained


class CannotRunError(Exception):
    """The machine lacks what a tier needs; the message says what."""


@dataclass
class Job:
    """One tier in one run.

    Attributes:
        tier: its name.
        arguments: the user's arguments for the test runner.
        sampled: whether tests that other tiers run as well may be left out.
        full: whether to run many random examples.
        log: file for the output; None leaves it on stdout and stderr.
        passed, failed: numbers of tests; 0 if the run did not get that far.
        missing: why the tier could not run.
        is_cut_short: whether a process crashed, so that the tests after it did not run.
        uncertain: number of tests that failed at first and passed at the second attempt.
        seconds: duration.
    """

    tier: str
    arguments: Sequence[str] = ()
    sampled: bool = False
    full: bool = False
    log: IO[bytes] | None = None
    passed: int = 0
    failed: int = 0
    missing: str = ""
    is_cut_short: bool = False
    uncertain: int = 0
    seconds: int = 0

    def run(self) -> None:
        """Run the tier, and record the result; errors are recorded, too."""
        started = time.monotonic()
        try:
            status = TIERS[self.tier](self)
        except CannotRunError as error:
            self.missing, status = str(error), os.environ.get("CI") == "true"
        except BuildError as error:
            say(f"-- {self.tier} broke off: {error}")
            status = 1
        if status and not self.failed:
            self.failed = 1  # it failed without a failed test
        self.seconds = round(time.monotonic() - started)

    def pytest(self, command: Sequence[str | Path], environment: Mapping[str, str] = NOTHING) -> int:
        """Run pytest by a command that takes further arguments; return its exit status."""
        profile = ["--hypothesis-profile", "full"] if self.full else []
        slowest = ["--durations", "15", "--durations-min", "4"]  # where the minutes go
        status = self.count(
            [*command, *profile, *slowest, "--junitxml={report}", *self.arguments], environment
        )
        # No test at all is an error, unless the arguments selected tests.
        return 0 if status == NO_TESTS and self.arguments else status

    def twice(self, attempt: Callable[[Sequence[str]], int], again: Sequence[str] = ()) -> int:
        """Run the tests of a browser; in a sampled run, run a few failed ones a second time.

        A browser shares the machine's cores with another tier. A test that fails twice has failed; one that
        passes at the second attempt is counted as uncertain, since it shows a race or too short a timeout.

        Args:
            attempt: runs the tests with further arguments and returns an exit status.
            again: the arguments that select the failed tests.
        """
        status = attempt(())
        if not (self.sampled and status and 0 < self.failed <= FEW) or self.is_cut_short:
            return status
        failed, tests = self.failed, self.passed + self.failed
        status = attempt(again)
        self.uncertain = failed - self.failed
        self.passed = tests - self.failed
        return status

    def sample(self, whole: str) -> Sequence[str]:
        """Return pytest's options for a sample of the tests; `whole`: a key of WHOLE in tests/sampling.py."""
        return ("--one-in", "5", "--whole", whole) if self.sampled else ()

    def without_full(self) -> Sequence[str]:
        """Return pytest's options that leave out the tests marked `full` in a sampled run."""
        return ("-m", "not full") if self.sampled else ()

    def count(self, command: Sequence[str | Path], environment: Mapping[str, str]) -> int:
        """Run a test runner, count the tests of its JUnit report, and return its exit status.

        Args:
            command: the runner; {report} stands for the report's file.
            environment: variables to set.
        """
        with tempfile.TemporaryDirectory(prefix="report.") as folder:
            report = Path(folder, "report.xml").absolute()
            parts = [str(part).replace("{report}", str(report)) for part in command]
            status = status_of(parts, environment, output=self.log)
            if not report.exists():
                return status or 1
            self.passed, self.failed = tally(report)
            self.is_cut_short = CRASHED in report.read_bytes()
            return status


def _lint(job: Job) -> int:
    make(NPM)

    def write(text: str) -> None:
        if job.log:
            job.log.write(text.encode())
        else:
            print(text, end="", flush=True)

    job.passed, job.failed = checkers.check(write)
    return job.failed


def _python(job: Job) -> int:
    make(WHEEL, BASE)
    environment = {"OPENBLAS_NUM_THREADS": "1"}
    if job.full and find_python(12):  # for one test, which is marked `full`
        make(PYODIDE_CLI)
        environment["PYCONVLITE_PYODIDE_CLI"] = str(Path(PYODIDE_CLI).absolute())
    return job.pytest([PYTHON, "-m", "pytest", *_spread(4), *job.without_full()], environment)


def _spread(most: int) -> Sequence[str]:
    """Return pytest's options that spread the tests over the cores, file by file in the order of their names.

    The default of xdist begins with the files of many tests, and ends with those of a few long ones.
    """
    spread = ("-n", "auto", "--maxprocesses", str(most), "--dist", "loadfile", "--no-loadscope-reorder")
    return (*spread, "--max-worker-restart", "0", *GUARD)


def _in_pyodide(job: Job, folder: str, *arguments: str, **environment: str) -> int:
    """Run the suite inside the Pyodide in a folder."""
    make(folder, WHEEL)
    # The wheel's doctests run as installed; the source folder stays out of the way.
    options = [*_limit(job), "-m", "not cpython", "-o", "testpaths=tests pyconvlite", "--pyargs"]
    # Capturing file descriptors takes Emscripten a millisecond per test, and fails in Pyodide 0.27.
    options += ["--capture", "sys"]
    return job.pytest(in_pyodide(_node(), folder, "pytest", *options, *arguments), environment)


def _limit(job: Job) -> Sequence[str]:
    """Return the option that ends Pyodide under Node if it hangs."""
    return ("--timeout", "7200" if job.full else "3600")


def _node_tier(job: Job) -> int:
    return _in_pyodide(job, PYODIDE, *job.sample("simd"))


def _node_numpy(job: Job) -> int:
    """Run without the SIMD kernels, which all other tiers inside Pyodide use."""
    leave_out = ("--ignore-glob", "tests/test_simd_*")
    return _in_pyodide(job, PYODIDE, *leave_out, *job.sample("kernels"), PYCONVLITE_BACKEND="numpy")


def _node_29(job: Job) -> int:
    return _in_pyodide(job, PYODIDE_29, "--ignore", "tests/test_conv_scipy.py", *job.sample("runtime"))


def _node_27(job: Job) -> int:
    return _in_pyodide(job, PYODIDE_27, *job.sample("runtime"))


def _webgpu(job: Job) -> int:
    return _on_adapter(job, programs.adapter, programs.NO_ADAPTER, "tests/gpu", *job.sample("adapter"))


def _webgpu_float16(job: Job) -> int:
    """Run the tests of float16, which the adapter of the tier webgpu may lack."""
    reason = "no driver with float16 could be had"
    return _on_adapter(job, programs.float16_adapter, reason, "tests/gpu/test_float16.py")


def _on_adapter(
    job: Job, find: Callable[[Path], Mapping[str, str] | None], missing: str, tests: str, *arguments: str
) -> int:
    make(PYODIDE, WHEEL, NPM)
    node = _node()
    adapter = find(node)
    if adapter is None:
        raise CannotRunError(missing)
    options = ["--webgpu", *_limit(job), "-o", f"testpaths={tests}", *arguments]
    return job.pytest(in_pyodide(node, PYODIDE, "pytest", *options), adapter)


def _browser(job: Job) -> int:
    # The tests that run in the browser's own Python need the packages of the suite.
    make(PAGES, *(() if job.sampled else (PYODIDE,)))
    browser = programs.chromium()
    if browser is None:
        raise CannotRunError(programs.NO_BROWSER)
    # A browser has several processes, and each worker of pytest starts the pages that its tests share.
    browsers = max(1, (os.cpu_count() or 1) // 2)
    command = [PYTHON, "-m", "pytest", *_own_tests("browser"), *_spread(browsers), *job.without_full()]
    environment = {"PYCONVLITE_CHROMIUM": browser}
    return job.twice(lambda more: job.pytest([*command, *more], environment), ["--last-failed"])


def _own_tests(folder: str) -> Sequence[str]:
    """Return pytest's options for a folder of tests, with a cache apart from other tiers' failures."""
    return ("-o", f"testpaths=tests/{folder}", "-o", f"cache_dir=.pytest_cache/{folder}")


def _webkit(job: Job) -> int:
    make(PAGES)
    browser = programs.webkit()
    if browser is None:
        raise CannotRunError("install WebKitGTK (Debian: apt install webkit2gtk-driver xvfb)")
    shared = ["-o", "pythonpath=site/python tests/browser"]  # hosts and drawings
    command = [PYTHON, "-m", "pytest", *_own_tests("webkit"), *shared, *GUARD, *job.without_full()]
    environment = {"PYCONVLITE_WEBKIT": browser}
    return job.twice(lambda more: job.pytest([*command, *more], environment), ["--last-failed"])


def _firefox(job: Job) -> int:
    make(PAGES)
    browser = programs.firefox()
    if browser is None:
        raise CannotRunError("install Firefox (Debian: apt install firefox-esr)")
    runner = ["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"]
    report = ["--test-reporter=junit", "--test-reporter-destination={report}"]
    with tempfile.TemporaryDirectory(prefix="attempts.") as folder:  # where Node notes what has passed
        noted = f"--test-rerun-failures={folder}/attempts.json"
        command = [str(_node()), *runner, *report, noted, *job.arguments, "tests/firefox/*.test.js"]
        return job.twice(lambda _: job.count(command, {"PYCONVLITE_FIREFOX": browser}))


def _mutants(job: Job) -> int:
    make(PYODIDE, WHEEL, NPM)
    adapter = programs.adapter(_node())
    if adapter is None:
        raise CannotRunError(programs.NO_ADAPTER)
    changed = ["--changed"] if job.sampled else []
    report = "--junitxml={report}"
    return job.count([PYTHON, "-m", "tools.mutants", *changed, report, *job.arguments], adapter)


def _node() -> Path:
    try:
        return programs.find_node()
    except BuildError as error:
        raise CannotRunError(f"no Node 24 or newer ({error})") from error


# In the order in which they begin: `node` needs few outputs, and runs while pages are made for `browser`.
TIERS: dict[str, Callable[[Job], int]] = {
    "lint": _lint,
    "node": _node_tier,
    "browser": _browser,
    "python": _python,
    "node-numpy": _node_numpy,
    "webgpu": _webgpu,
    "webgpu-float16": _webgpu_float16,
    "node-0.29": _node_29,
    "node-0.27": _node_27,
    "firefox": _firefox,
    "webkit": _webkit,
    "mutants": _mutants,
}
# Their tests measure how soon a page responds, so `mutants`, which takes all cores, waits for them.
BROWSERS = ("browser", "firefox", "webkit")
# These do not take pytest's arguments.
WITHOUT_PYTEST = ("lint", "firefox", "mutants")
# The folders of tests that run in these tiers only.
OWN_TESTS = {
    "browser": "tests/browser",
    "webkit": "tests/webkit",
    "webgpu": "tests/gpu",
    "webgpu-float16": "tests/gpu",
}
# What `test quick` runs inside Pyodide: that the wheel installs, that NumPy and the SIMD kernels work.
SMOKE = ("tests/test_package.py", "tests/test_simd_choice.py", "tests/test_functions_linalg.py")


def test(arguments: Sequence[str]) -> int:
    """Run tiers, print their results, and return an exit status.

    Args:
        arguments: a tier, "quick", "full" or nothing, then arguments of the test runners.
    """
    jobs = _jobs(arguments)
    if len(jobs) == 1:
        say(f"== {jobs[0].tier}")
        jobs[0].run()
        _report(jobs[0])
    else:
        _run_side_by_side(jobs)
    for job in jobs:
        if job.uncertain:
            print(f"passed only at the second attempt: {job.uncertain} of {job.tier}")
        if job.missing:
            print(f"not run: {job.tier}: {job.missing}")
    if others := [tier for tier in TIERS if tier not in {job.tier for job in jobs} and len(jobs) > 1]:
        print(f"not run: {', '.join(others)}: left to ./build.sh test")
    passed, failed = sum(job.passed for job in jobs), sum(job.failed for job in jobs)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


def _jobs(arguments: Sequence[str]) -> list[Job]:
    what, rest = arguments[0] if arguments else "", arguments[1:]
    if what in TIERS:
        return [Job(what, rest)]
    if what == "quick":
        return [Job("lint"), Job("python", [*changes.tests(), *rest]), Job("node", [*SMOKE, *rest])]
    if what == "full":
        return [Job(tier, rest, full=True) for tier in TIERS]
    if not what:
        return [Job(tier, sampled=True) for tier in TIERS]
    with_pytest = [tier for tier in TIERS if tier not in WITHOUT_PYTEST]
    if what.startswith("-"):
        return [Job(tier, arguments) for tier in with_pytest]
    path = Path(what.partition("::")[0])
    if path.exists():
        folder = next((folder for folder in OWN_TESTS.values() if path.is_relative_to(folder)), None)
        return [Job(tier, arguments) for tier in with_pytest if OWN_TESTS.get(tier) == folder]
    raise BuildError(f"test: {what!r} is neither a file nor a tier: quick, full, {', '.join(TIERS)}")


def _run_side_by_side(jobs: Sequence[Job]) -> None:
    """Run three tiers at a time, since those of browsers mostly wait; print the output of each at its end."""
    names = [job.tier for job in jobs]
    browsers = [name for name in names if name in BROWSERS]
    running: set[str] = set()

    def tasks() -> Iterator[dict[str, Any]]:
        for job in jobs:
            yield {
                "basename": job.tier,
                "actions": [(_run_logged, [job, running])],
                "task_dep": browsers if job.tier == "mutants" else [],
                "io": {"capture": False},
            }

    LOGS.mkdir(parents=True, exist_ok=True)
    settings = {"dep_file": ":memory:", "num_process": 3, "par_type": "thread"}
    run_doit(tasks, names, settings)


_printing = Lock()


def _run_logged(job: Job, running: set[str]) -> None:
    running.add(job.tier)
    say(f"-- running: {', '.join(sorted(running))}")
    log = LOGS / f"{job.tier}.log"
    with log.open("wb") as job.log:
        job.run()
    running.remove(job.tier)
    with _printing:
        say(f"== {job.tier}")
        print(log.read_text("utf-8", errors="replace"), end="", flush=True)
        _report(job)


def _report(job: Job) -> None:
    say(f"== {job.tier}: {job.passed} passed, {job.failed} failed in {job.seconds} s")
