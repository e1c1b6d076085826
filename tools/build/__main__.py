"""Run one command of `./build.sh`."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable

from tools.build import arguments, checkers, commands, outputs, tiers
from tools.build.process import BuildError, say, wait_for_all


def _wheel(_: Namespace) -> int:
    wheels = outputs.WHEEL, outputs.DEZERO_WHEEL
    outputs.make(*wheels)
    for wheel in wheels:
        say(wheel)
    return 0


def _site(_: Namespace) -> int:
    outputs.make(outputs.PAGES)
    say("dist/site")
    return 0


def _format(_: Namespace) -> int:
    outputs.make(outputs.NPM)
    return checkers.reformat()


COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "serve": lambda given: commands.serve(int(given.port)),
    "test": lambda given: tiers.test(given.rest),
    "pytest-node": lambda given: commands.pytest_node(given.packages, given.rest),
    "wheel": _wheel,
    "site": _site,
    "bench": lambda given: commands.bench(given.rest),
    "format": _format,
}


def main() -> int:
    """Run the command; return its exit status."""
    given = arguments.parse(sys.argv[1:])
    try:
        return COMMANDS[given.command](given)
    except BuildError as error:
        if str(error):
            say(f"build.sh: {error}")
        return 1
    except KeyboardInterrupt:
        wait_for_all()
        return 130


if __name__ == "__main__":
    sys.exit(main())
