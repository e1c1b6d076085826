#!/usr/bin/env bash
# The one door to pyconvlite. Each command sets up what it needs, and does nothing twice.
set -euo pipefail
unset CDPATH
called_from=$PWD
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

usage() {
  cat <<'END'
usage: ./build.sh COMMAND

  serve [--port N]                  build the site and serve it on 127.0.0.1 (port 8000)
  test [TIER] [pytest args]         run the tests: lint, python, node, browser, or all of them
  pytest-node PATH [pytest args]    run anybody's tests with pytest inside Pyodide under Node
              [--with NAME]           with a further package: NAME, NAME==VERSION or a wheel file; may be repeated
              [--timeout SECONDS]     end them after so long
  wheel                             build the wheel into dist/
  site                              build the site into dist/site/
  bench [args]                      run the benchmarks on CPython and inside Pyodide
END
}

say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }

# --- set-up ------------------------------------------------------------------------------------------------

# find_python MINOR: prints the first Python >= 3.MINOR with venv
find_python() {
  local python
  for python in python3 python3.{11..20} python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
    if "$python" -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, $1))" 2>/dev/null </dev/null; then
      printf '%s\n' "$python"
      return
    fi
  done
  return 1
}

need_tools() {
  find_python 11 >/dev/null || die "install Python 3.11 or newer with venv (Debian: apt install python3 python3-venv)"
  command -v git >/dev/null || die "install git (Debian: apt install git)"
  command -v npm >/dev/null || die "install Node.js 20 or newer with npm (nodejs.org, or your system's packages)"
  node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null \
    || die "install Node.js 20 or newer (found: $(node --version 2>/dev/null || echo none))"
}

# fingerprint PATH...: prints a hash of the names and the contents of all files there
fingerprint() {
  local files
  files=$(find "$@" -type f ! -name '*.pyc' | LC_ALL=C sort)
  { printf '%s\n' "$files"; git hash-object --no-filters --stdin-paths <<<"$files"; } | git hash-object --stdin
}

# once OUTPUT INPUT... -- COMMAND...: runs the command unless OUTPUT was made from the same inputs
once() {
  local output=$1 inputs=() stamp now
  stamp=dist/.stamps/${output//\//-}
  shift
  while [[ $1 != -- ]]; do inputs+=("$1"); shift; done
  shift
  now=$(fingerprint "${inputs[@]}")
  if [[ -e $output && -f $stamp && $(<"$stamp") == "$now" ]]; then return; fi
  say "-- making $output"
  rm -f "$stamp"
  "$@"
  mkdir -p dist/.stamps
  printf '%s' "$now" >"$stamp"
}

# make_venv FOLDER PYTHON PIP_ARGS...
make_venv() {
  local folder=$1 python=$2
  shift 2
  [[ -x $folder/bin/python ]] || "$python" -m venv --clear "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check pip==26.3
  "$folder/bin/python" -m pip install --quiet "$@"
}

set_up_python() { once .venv pyproject.toml -- make_venv .venv "$(find_python 11)" --group dev --editable .; }
set_up_npm() { once node_modules package.json package-lock.json -- npm ci --loglevel=error; }

# set_up_node: sets $node to a Node >= 24
set_up_node() {
  set_up_python
  node=$(.venv/bin/python -m tools.node)
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
wheel=dist/pyconvlite-$version-py3-none-any.whl
distribution_inputs=(tools/fetch.py tools/pyodide_dist.py tools/pypi-wheels.txt pyproject.toml)

build_wheel() {
  rm -f dist/pyconvlite-*.whl
  .venv/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist .
}

make_wheel() {
  set_up_python
  once "$wheel" pyconvlite pyproject.toml README.md LICENSE -- build_wheel
}

# pinned NAME: prints NAME==VERSION as the dev group has it, so that both worlds test with the same release
pinned() { sed -n "s/^ *\"\($1==[^\"]*\)\".*/\1/p" pyproject.toml; }

# what pytest-node offers; further arguments are for the distribution tool
write_distribution() {
  .venv/bin/python -m tools.pyodide_dist "$@" \
    numpy micropip scipy "$(pinned pytest)" "$(pinned pytest-asyncio)" "$(pinned hypothesis)"
}

make_distribution() {
  set_up_python
  once dist/pyodide "${distribution_inputs[@]}" -- write_distribution dist/pyodide
}

make_site() {
  make_wheel
  set_up_npm
  set_up_node
  once dist/site/pyodide "${distribution_inputs[@]}" "$wheel" -- \
    .venv/bin/python -m tools.pyodide_dist dist/site/pyodide numpy --wheel "$wheel"
  once dist/site/mnist tools/fetch.py tools/mnist.py -- .venv/bin/python -m tools.mnist dist/site/mnist
  once dist/site/index.html site package-lock.json dist/site/pyodide dist/site/mnist -- \
    "$node" node_modules/vite/bin/vite.js build site --logLevel warn
}

case ${1-} in
  site) need_tools; make_site ;;
  wheel) need_tools; make_wheel; say "$wheel" ;;
  *) usage >&2; exit 2 ;;
esac
