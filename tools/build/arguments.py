"""The command line of `./build.sh`, with the standard library alone: read before anything is installed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

USAGE = """\
./build.sh COMMAND

  serve [--port N]                  build the site and serve it on 127.0.0.1 (port 8000)
  test [TIER] [pytest args]         run the tests; TIER is lint, python, node (also node-numpy, node-0.29 and
                                    node-0.27), webgpu (also webgpu-float16), browser, firefox, webkit or
                                    mutants; all of them by default; some run a sample of their tests
  test quick                        lint, the Python tests that the changes since main touch, a few in Pyodide
  test full                         every test on every runtime, with far more random examples
  pytest-node PATH [pytest args]    run your tests with pytest inside Pyodide under Node
              [--with NAME]           add a package: NAME, NAME==VERSION or a wheel (repeatable)
              [--timeout SECONDS]     stop the run after so many seconds
  wheel                             build the wheel into dist/, and the one that makes `import dezero` find it
  site                              build the site into dist/site/
  bench [tiny|webgpu|threads|parallel]  run the benchmarks, on CPython and in Pyodide; or some of them
  bench nets [NET...]               compare several nets' speed with other frameworks'; the environment's
                                    PYCONVLITE_TORCH names a Python that has PyTorch
             [--cpu]                  measure CPU time, for a busy machine
             [--profile]              show a profile of pyconvlite instead
  bench lighthouse [PAGE...]        have Lighthouse judge the site's pages, or some of its files
  format                            format all source files"""

PASS_ON = {"test", "pytest-node", "bench"}  # they pass unknown arguments to other programs


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command with its options, and in `rest`, in order, the arguments to pass to other programs.

    Raises:
        SystemExit: help was requested (status 0), or the arguments are wrong (1 or 2, reported on stderr).
    """
    parser = argparse.ArgumentParser(prog="./build.sh", usage=USAGE, add_help=False, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    known = {
        name: commands.add_parser(name, usage=USAGE, add_help=False, allow_abbrev=False)
        for name in ("serve", "test", "pytest-node", "wheel", "site", "bench", "format", "help")
    }
    known["serve"].add_argument("--port", nargs="?", default="8000", const="")
    known["pytest-node"].add_argument("--with", dest="packages", action="append", nargs="?", default=[])
    if arguments and arguments[0] in ("-h", "--help", "help"):
        print("usage:", USAGE)
        sys.exit()
    parsed, rest = parser.parse_known_args(arguments)
    if rest and parsed.command not in PASS_ON:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if parsed.command == "serve" and not _is_port(parsed.port):
        sys.exit(f"build.sh: --port takes a number from 1 to 65535, not '{parsed.port}'")
    if parsed.command == "pytest-node" and None in parsed.packages:
        sys.exit("build.sh: --with needs a NAME")
    parsed.rest = rest
    return parsed


def _is_port(text: str) -> bool:
    digits = text.isascii() and text.isdecimal() and text[0] != "0"
    return digits and len(text) <= 5 and int(text) < 65536


if __name__ == "__main__":
    parse(sys.argv[1:])
