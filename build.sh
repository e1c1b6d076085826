#!/usr/bin/env bash
# The entry point: finds the tools, makes .venv once, and runs tools/build/.
set -euo pipefail
unset CDPATH
unset PYTHONDONTWRITEBYTECODE # where it is set, each of some hundred processes compiles all that it imports
export PYCONVLITE_CALLED_FROM=$PWD
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# find_python: prints the first Python >= 3.11 with venv
find_python() {
  local python
  for python in python3 python3.{11..20} python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
    if "$python" -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
      printf '%s\n' "$python"
      return
    fi
  done
  return 1
}

# make_venv: makes .venv unless it was made from the same files; where another run is making it, waits
make_venv() {
  local stamp=dist/.stamps/.venv now
  now=$(git hash-object --no-filters pyproject.toml requirements/{pip,dev}.txt)
  if is_made "$stamp" "$now"; then return; fi
  mkdir -p dist/.stamps
  (
    if command -v flock >/dev/null; then flock 9; fi # macOS has none
    if is_made "$stamp" "$now"; then exit; fi
    printf -- '-- making .venv\n' >&2
    rm -f "$stamp"
    "$python" -m tools.build.environment .venv requirements/dev.txt
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
    printf '%s' "$now" >"$stamp"
  ) 9>"$stamp.lock"
}

# is_made STAMP FINGERPRINT
is_made() { [[ -x .venv/bin/python && -f $1 && $(<"$1") == "$2" ]]; }

python=$(find_python) || die "install Python 3.11 or newer with venv (Debian: apt install python3 python3-venv)"
"$python" -m tools.build.arguments "$@" # reports a mistake before anything is made
case ${1-} in help | -h | --help) exit ;; esac
command -v git >/dev/null || die "install git (Debian: apt install git)"
command -v npm >/dev/null || die "install Node.js 20 or newer with npm (nodejs.org or your system's packages)"
node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null \
  || die "install Node.js 20 or newer (found: $(node --version 2>/dev/null || echo none))"
make_venv
exec .venv/bin/python -m tools.build "$@"
