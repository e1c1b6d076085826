"""tools/build/tiers.py: tiers run side by side, and the summary of their results."""

import threading
from pathlib import Path

import pytest

tiers = pytest.importorskip("tools.build.tiers", reason="the tools are not in the wheel")
process = pytest.importorskip("tools.build.process", reason="the tools are not in the wheel")

pytestmark = pytest.mark.cpython


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run `test` with stand-ins for tiers; return its exit status and the lines that it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "")

    def run(known, arguments=()):
        monkeypatch.setattr(tiers, "TIERS", known)
        status = tiers.test(arguments)
        return status, capsys.readouterr().out.splitlines()

    return run


def passing(count, text=""):
    def tier(job):
        process.status_of(["echo", text], output=job.log)
        job.passed = count
        return 0

    return tier


def lacking(job):
    raise tiers.CannotRunError("no such driver")


def broken(job):
    raise process.BuildError("nothing to build it with")


def test_counts_are_added_up(run):
    assert run({"python": passing(3), "node": passing(4)}) == (0, ["", "", "7 passed, 0 failed"])


def test_output_of_a_tier_is_contiguous(run):
    status, lines = run({"python": passing(1, "one\ntwo"), "browser": passing(1, "three\nfour")})
    assert status == 0
    assert lines in (
        ["one", "two", "three", "four", "2 passed, 0 failed"],
        ["three", "four", "one", "two", "2 passed, 0 failed"],
    )


def test_crashed_tier_fails_and_others_run(run):
    status, lines = run({"python": broken, "node": passing(4)})
    assert status == 1
    assert lines[-1] == "4 passed, 1 failed"


def test_skipped_tier_is_named_at_the_end(run):
    known = {"webgpu-float16": lacking, "python": passing(4)}
    status, lines = run(known)
    assert status == 0
    assert lines[-2:] == ["not run: webgpu-float16: no such driver", "4 passed, 0 failed"]


def test_skipped_tier_fails_in_ci(run, monkeypatch):
    monkeypatch.setenv("CI", "true")
    status, lines = run({"webgpu-float16": lacking, "python": passing(4)})
    assert status == 1
    assert lines[-2:] == ["not run: webgpu-float16: no such driver", "4 passed, 1 failed"]


def test_no_tier_run_is_a_failure(run):
    assert run({"webgpu": lacking}, ["webgpu"])[0] == 1


def test_three_run_at_a_time_and_mutants_after_browsers(run):
    groups = [threading.Barrier(parties, timeout=20) for parties in (3, 3, 2, 1)]
    running, most = set(), []

    def tier(group):
        def run_it(job):
            running.add(job.tier)
            most.append(len(running))
            groups[group].wait()
            running.remove(job.tier)
            job.passed = 1
            return 0

        return run_it

    known = {"node": tier(0), "browser": tier(0), "python": tier(0), "node-numpy": tier(1), "webgpu": tier(1)}
    known |= {"node-0.29": tier(1), "node-0.27": tier(2), "firefox": tier(2), "mutants": tier(3)}
    assert run(known)[1][-1] == "9 passed, 0 failed"
    assert max(most) == 3


@pytest.mark.parametrize(("arguments", "sampled", "full"), [([], 1, 0), (["full"], 0, 1), (["-x"], 0, 0)])
def test_sampling_and_full_options(run, arguments, sampled, full):
    jobs = []

    def tier(job):
        jobs.append(job)
        return 0

    run({"python": tier, "node-0.29": tier}, arguments)
    assert [(job.sampled, job.full) for job in jobs] == [(sampled, full)] * 2


@pytest.mark.parametrize(
    ("failures", "arguments", "status", "lines"),
    [
        ([2, 0], [], 0, ["passed only at the second attempt: 2 of browser", "9 passed, 0 failed"]),
        ([2, 1], [], 1, ["passed only at the second attempt: 1 of browser", "8 passed, 1 failed"]),
        ([2, 2], [], 1, ["7 passed, 2 failed"]),
        ([6], [], 1, ["3 passed, 6 failed"]),
        ([2], ["full"], 1, ["7 passed, 2 failed"]),
    ],
)
def test_few_browser_failures_are_retried(run, failures, arguments, status, lines, monkeypatch):
    monkeypatch.setattr(tiers, "FEW", 5)
    attempts = iter(failures)
    tests = [9]

    def attempt(job, more):
        job.failed = next(attempts)
        job.passed = tests[0] - job.failed
        tests[0] = job.failed  # the second attempt runs only these
        assert more == (["--last-failed"] if len(attempted) else ())
        attempted.append(more)
        return int(job.failed > 0)

    attempted = []
    known = {"browser": lambda job: job.twice(lambda more: attempt(job, more), ["--last-failed"])}
    found, printed = run(known | {"python": passing(0)}, arguments)
    assert (found, printed[-len(lines) :]) == (status, lines)
    assert next(attempts, None) is None


@pytest.mark.parametrize("ending", ["os._exit(1)", "time.sleep(60)"])
def test_crash_or_hang_is_not_retried(run, tmp_path, ending):
    """The tests after the crash did not run, and the second attempt would not run them either."""
    seen = tmp_path / "seen"
    (tmp_path / "test_it.py").write_text(
        "import os, pathlib, time\n"
        f"seen = pathlib.Path({str(seen)!r})\n"
        "def test_bad():\n"
        "    if not seen.exists():\n"
        "        seen.touch()\n"
        f"        {ending}\n"
    )
    pytest_ = [tiers.PYTHON, "-m", "pytest", *tiers._spread(1), "-o", "faulthandler_timeout=3"]

    def tier(job):
        job.arguments = [str(tmp_path)]
        return job.twice(lambda more: job.pytest([*pytest_, "-p", "no:cacheprovider", *more]))

    status, lines = run({"browser": tier, "python": passing(0)}, [])
    assert (status, lines[-1]) == (1, "0 passed, 1 failed")


def test_quick_names_skipped_tiers(run, monkeypatch):
    monkeypatch.setattr(tiers.changes, "tests", lambda: ["tests/test_core.py"])
    left_out = {"browser": lacking, "mutants": lacking}
    status, lines = run({"lint": passing(1), "python": passing(1), "node": passing(1)} | left_out, ["quick"])
    assert status == 0
    assert lines[-2:] == ["not run: browser, mutants: left to ./build.sh test", "3 passed, 0 failed"]


def test_unknown_tier_runs_nothing(run):
    with pytest.raises(process.BuildError, match=r"'brwser' is neither a file nor a tier: .*python"):
        run({"python": passing(1)}, ["brwser"])
    assert run({"python": passing(1)}, ["-k", "nothing"])[0] == 0


def test_pytest_arguments_select_pytest_tiers(run):
    known = {tier: passing(1) for tier in ("lint", "python", "node", "firefox", "mutants")}
    status, lines = run(known, ["-k", "lstm"])
    assert (status, lines[-2:]) == (
        0,
        ["not run: lint, firefox, mutants: left to ./build.sh test", "2 passed, 0 failed"],
    )


@pytest.mark.parametrize(
    ("path", "selected"),
    [
        ("tests/test_core.py", {"python", "node"}),
        ("tests/browser/test_page.py::test_title", {"browser"}),
        ("tests/gpu", {"webgpu", "webgpu-float16"}),
    ],
)
def test_path_selects_the_tiers_that_have_it(run, path, selected):
    file = Path(path.partition("::")[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    ran = set()

    def noted(job):
        ran.add(job.tier)
        job.passed = 1
        return 0

    run(dict.fromkeys(("python", "node", "browser", "webgpu", "webgpu-float16", "webkit"), noted), [path])
    assert ran == selected
