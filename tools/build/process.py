"""Running other programs, and messages to the user on stderr."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
PYTHON = ".venv/bin/python"
STAMPS = Path("dist/.stamps")
NOTHING: Mapping[str, str] = {}

_running: set[subprocess.Popen[bytes]] = set()


class BuildError(Exception):
    """A command cannot continue; the message, if there is one, is for the user."""


def say(message: str) -> None:
    """Print a message to the user."""
    print(message, file=sys.stderr, flush=True)


def status_of(
    command: Sequence[str | Path],
    environment: Mapping[str, str] = NOTHING,
    *,
    output: IO[bytes] | None = None,
    quiet: bool = False,
) -> int:
    """Run a program to its end, and return its exit status.

    Args:
        command: the program and its arguments.
        environment: variables to set in addition to this process's own.
        output: the file for its output; None for that of this process.
        quiet: discard its stderr.
    """
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=output,
        stderr=subprocess.DEVNULL if quiet else subprocess.STDOUT if output else None,
    )
    _running.add(process)
    # After a Ctrl-C the program ends by itself, so it is not killed: main() waits for it.
    status = process.wait()
    _running.discard(process)
    return status


def hand_over(command: Sequence[str | Path], cwd: str | Path) -> int:
    """Run a program that handles a Ctrl-C itself, and return its exit status."""
    with subprocess.Popen([str(part) for part in command], cwd=cwd) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the program has received it as well


def run(*command: str | Path) -> None:
    """Run a program.

    Raises:
        BuildError: it failed.
    """
    if status := status_of(command):
        raise BuildError(f"status {status} of {' '.join(map(str, command))}")


def wait_for_all() -> None:
    """Wait until all programs that were started have ended."""
    for process in tuple(_running):
        process.wait()


@contextmanager
def alone(folder: Path = STAMPS) -> Iterator[None]:
    """Hold a folder's lock, by default that for making outputs; wait if another run has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("-- waiting for another run or tier, which is making something")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
