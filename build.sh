#!/usr/bin/env bash
# The one door to pyconvlite. Each command sets up what it needs, and does nothing twice.
set -euo pipefail
unset CDPATH
called_from=$PWD
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
root=$PWD

usage() {
  cat <<'END'
usage: ./build.sh COMMAND

  serve [--port N]                  build the site and serve it on 127.0.0.1 (port 8000)
  test [TIER] [pytest args]         run the tests; TIER is lint, python, node (also node-numpy, node-0.29 and
                                    node-0.27), webgpu (also webgpu-float16), browser, firefox or mutants;
                                    all of them by default
  pytest-node PATH [pytest args]    run anybody's tests with pytest inside Pyodide under Node
              [--with NAME]           with a further package: NAME, NAME==VERSION or a wheel (repeatable)
              [--timeout SECONDS]     end them after so long
  wheel                             build the wheel into dist/
  site                              build the site into dist/site/
  bench [webgpu]                    run the benchmarks on CPython and inside Pyodide; or those of WebGPU
END
}

say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }

# --- set-up ------------------------------------------------------------------------------------------------

# find_python MINOR: prints the first Python >= 3.MINOR with venv
find_python() {
  local python
  for python in python3 python3.{11..20} python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
    if "$python" -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, $1))" 2>/dev/null; then
      printf '%s\n' "$python"
      return
    fi
  done
  return 1
}

need_tools() {
  find_python 11 >/dev/null \
    || die "install Python 3.11 or newer with venv (Debian: apt install python3 python3-venv)"
  command -v git >/dev/null || die "install git (Debian: apt install git)"
  command -v npm >/dev/null || die "install Node.js 20 or newer with npm (nodejs.org or your system's packages)"
  node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null \
    || die "install Node.js 20 or newer (found: $(node --version 2>/dev/null || echo none))"
}

# fingerprint PATH...: prints a hash of the names and the contents of all files there
fingerprint() {
  local files
  files=$(find "$@" -type f ! -name '*.pyc' | LC_ALL=C sort)
  { printf '%s\n' "$files"; git hash-object --no-filters --stdin-paths <<<"$files"; } | git hash-object --stdin
}

# once OUTPUT INPUT... -- COMMAND...: runs the command unless OUTPUT was made from the same inputs; where another run
# is making it, waits for that one
once() {
  local output=$1 inputs=() stamp now
  stamp=dist/.stamps/${output//\//-}
  shift
  while [[ $1 != -- ]]; do inputs+=("$1"); shift; done
  shift
  now=$(fingerprint "${inputs[@]}")
  if is_made "$output" "$stamp" "$now"; then return; fi
  mkdir -p dist/.stamps
  (
    if command -v flock >/dev/null; then flock 9; fi # macOS has none
    if is_made "$output" "$stamp" "$now"; then exit; fi
    say "-- making $output"
    rm -f "$stamp"
    "$@"
    printf '%s' "$now" >"$stamp"
  ) 9>"$stamp.lock"
}

# is_made OUTPUT STAMP FINGERPRINT
is_made() { [[ -e $1 && -f $2 && $(<"$2") == "$3" ]]; }

# make_venv FOLDER PYTHON PIP_ARGS...
make_venv() {
  local folder=$1 python=$2 quiet=--quiet
  shift 2
  if [[ -t 1 ]]; then quiet=; fi # at a terminal pip shows how far it is
  [[ -x $folder/bin/python ]] || "$python" -m venv --clear "$folder"
  "$folder/bin/python" -m pip install $quiet --disable-pip-version-check pip==26.3
  "$folder/bin/python" -m pip install $quiet "$@"
}

set_up_python() {
  once .venv/bin/python pyproject.toml -- make_venv .venv "$(find_python 11)" --group dev --editable .
}

set_up_npm() {
  once node_modules/.package-lock.json package.json package-lock.json -- npm ci --loglevel=error
}

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
  once "$wheel" pyconvlite hatch_build.py pyproject.toml README.md LICENSE -- build_wheel
}

# pinned NAME: prints NAME==VERSION as the dev group has it, so that both worlds test with the same release
pinned() { sed -n "s/^ *\"\($1==[^\"]*\)\".*/\1/p" pyproject.toml; }

# write_distribution FOLDER [PACKAGE...]: a Pyodide that can run pytest, and further packages
write_distribution() {
  .venv/bin/python -m tools.pyodide_dist "$1" numpy micropip "$(pinned pytest)" "$(pinned pytest-asyncio)" "${@:2}"
}

make_base_distribution() {
  set_up_python
  once dist/pyodide-base "${distribution_inputs[@]}" -- write_distribution dist/pyodide-base
}

# make_distribution FOLDER PACKAGE...: what the suite needs inside Pyodide
make_distribution() {
  set_up_python
  once "$1" "${distribution_inputs[@]}" -- write_distribution "$1" "$(pinned hypothesis)" "${@:2}"
}

# make_lite: the notebooks, in an environment of their own
make_lite() {
  set_up_python
  once .venv-lite/bin/jupyter-lite site/lite/requirements.txt -- \
    make_venv .venv-lite "$(find_python 11)" -r site/lite/requirements.txt
  once dist/site/lite site/lite site/frame/first-paint.js tools/lite.py -- \
    .venv/bin/python -m tools.lite dist/site/lite .venv-lite/bin/jupyter-lite
}

# build_pages: the pages, and a look at how large they have become
build_pages() {
  "$node" node_modules/vite/bin/vite.js build site --logLevel warn
  .venv/bin/python -m tools.site_size dist/site
}

make_site() {
  make_wheel
  set_up_npm
  set_up_node
  # The pages load numpy and the wheel; the notebooks' kernel is made of ipython, comm and micropip.
  once dist/site/pyodide "${distribution_inputs[@]}" "$wheel" build.sh -- \
    .venv/bin/python -m tools.pyodide_dist dist/site/pyodide numpy "$wheel" matplotlib tqdm ipython comm micropip
  once dist/site/mnist tools/fetch.py tools/mnist.py -- .venv/bin/python -m tools.mnist dist/site/mnist
  make_lite
  once dist/site/index.html site benchmarks/*.py package-lock.json dist/site/pyodide dist/site/mnist \
    tools/site_size.py -- build_pages
}

# first_of NAME...: prints where the first of these programs is that can be found
first_of() {
  local name
  for name; do
    if command -v "$name"; then return; fi
  done
  return 1
}

# install_from_debian PACKAGE...: as root on Debian; fails elsewhere
install_from_debian() {
  [[ -f /etc/debian_version && $EUID == 0 ]] || return
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@" >&2
}

# set_up_chromium: sets PYCONVLITE_CHROMIUM for the browser tests, and installs a browser where none is found
set_up_chromium() {
  export PYCONVLITE_CHROMIUM
  if PYCONVLITE_CHROMIUM=$(first_of chromium google-chrome chromium-browser); then return; fi
  say "-- installing Chromium"
  if install_from_debian chromium; then
    PYCONVLITE_CHROMIUM=$(first_of chromium)
  else
    .venv/bin/python -m playwright install chromium >&2
    PYCONVLITE_CHROMIUM=$(.venv/bin/python -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)')
  fi
  [[ -x $PYCONVLITE_CHROMIUM ]]
}

# set_up_firefox: sets PYCONVLITE_FIREFOX for its tests, and installs Debian's where none is found
set_up_firefox() {
  local on_macos=/Applications/Firefox.app/Contents/MacOS/firefox
  export PYCONVLITE_FIREFOX
  if PYCONVLITE_FIREFOX=$(first_of firefox-esr firefox "$on_macos"); then return; fi
  say "-- installing Firefox ESR"
  install_from_debian firefox-esr && PYCONVLITE_FIREFOX=$(first_of firefox-esr)
}

# has_adapter: whether WebGPU under Node finds a graphics driver
has_adapter() {
  "$node" --input-type=module -e '
const { create } = await import("webgpu");
process.exit((await create([]).requestAdapter()) ? 0 : 1);' 2>/dev/null
}

# set_up_adapter: has WebGPU under Node find a driver: the machine's, or Chromium's SwiftShader, which computes on the
# CPU, or else Mesa's
set_up_adapter() {
  local folder driver libraries
  if has_adapter; then return; fi
  if set_up_chromium; then
    # Debian's program is a script; the browser itself lies elsewhere.
    for folder in "$(dirname "$(readlink -f "$PYCONVLITE_CHROMIUM")")" /usr/lib/chromium; do
      driver=$folder/vk_swiftshader_icd.json
      libraries=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
      if [[ -f $driver ]] && VK_ICD_FILENAMES=$driver LD_LIBRARY_PATH=$libraries has_adapter; then
        export VK_ICD_FILENAMES=$driver LD_LIBRARY_PATH=$libraries
        return
      fi
    done
  fi
  say "-- installing Mesa's Vulkan drivers"
  install_from_debian mesa-vulkan-drivers libvulkan1 && has_adapter
}

# set_up_lavapipe: has WebGPU under Node find Mesa's driver that computes on the CPU, which has float16
set_up_lavapipe() {
  local folder
  folder=$(.venv/bin/python -m tools.lavapipe) || return
  export VK_ICD_FILENAMES=$folder/lvp_icd.json LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  has_adapter
}

# --- the commands ------------------------------------------------------------------------------------------

serve() {
  local port=8000
  case ${1-} in
    '') ;;
    --port) port=${2-} ;;
    --port=*) port=${1#--port=} ;;
    *) usage >&2; exit 2 ;;
  esac
  [[ $port =~ ^[1-9][0-9]{0,4}$ && $port -lt 65536 ]] || die "--port takes a number from 1 to 65535, not '$port'"
  set_up_python
  .venv/bin/python - "$port" <<'END' || exit
import os, socket, sys
try:
    socket.create_server(("127.0.0.1", int(sys.argv[1]))).close()
except OSError as error:
    reason = os.strerror(error.errno).lower()
    sys.exit(f"build.sh: port {sys.argv[1]} cannot be used, {reason}; choose another: ./build.sh serve --port N")
END
  make_site
  exec "$node" node_modules/vite/bin/vite.js preview site --host 127.0.0.1 --port "$port" --strictPort
}

# in_pyodide FOLDER MODE ARGUMENT...: Python in a Pyodide folder under Node
in_pyodide() {
  local folder=$1 mode=$2
  shift 2
  "$node" "$root/tools/pyodide_node.mjs" "$mode" --pyodide "$root/$folder" --wheel "$root/$wheel" "$@"
}

# absolute_wheel NAME: prints it; a wheel file's path as it is from here
absolute_wheel() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *.whl) printf '%s\n' "$called_from/$1" ;;
    *) printf '%s\n' "$1" ;;
  esac
}

pytest_node() {
  local with=() rest=() folder=dist/pyodide-base
  while (($#)); do
    case $1 in
      --with)
        [[ $# -gt 1 && $2 != -* ]] || die "--with needs a NAME"
        with+=("$(absolute_wheel "$2")")
        shift
        ;;
      --with=*) with+=("$(absolute_wheel "${1#--with=}")") ;;
      *) rest+=("$1") ;;
    esac
    shift
  done
  make_wheel
  set_up_node
  if ((${#with[@]})); then
    folder=$(mktemp -d dist/pyodide-with.XXXXXX)
    # shellcheck disable=SC2064 # the folder as it is named now
    trap "rm -rf '$root/$folder'" EXIT
    write_distribution "$folder" "${with[@]}"
  else
    make_base_distribution
  fi
  cd "$called_from"
  in_pyodide "$folder" pytest ${rest[@]+"${rest[@]}"}
}

# bench_webgpu: ours and two peers on the adapter at hand
bench_webgpu() {
  set_up_npm
  set_up_adapter || die "no graphics driver found for WebGPU, and none could be installed"
  "$node" benchmarks/webgpu_peers.mjs dist/pyodide-base "$wheel"
}

bench() {
  make_wheel
  once dist/peers benchmarks/requirements.txt -- \
    .venv/bin/python -m pip install --quiet --no-deps --upgrade --target dist/peers \
    -r benchmarks/requirements.txt
  once benchmarks/node_modules/.package-lock.json benchmarks/package.json benchmarks/package-lock.json -- \
    npm ci --prefix benchmarks --ignore-scripts --loglevel=error
  make_base_distribution
  set_up_node
  if [[ ${1-} == webgpu ]]; then bench_webgpu; return; fi
  say "-- CPython"
  .venv/bin/python benchmarks/bench.py "$@"
  say "-- Pyodide under Node"
  in_pyodide dist/pyodide-base run benchmarks/bench.py "$@"
  say "-- other frameworks"
  set_up_chromium || say "-- no browser found, and none could be installed"
  .venv/bin/python benchmarks/peers.py dist/bench "$node"
}

# --- the tiers ---------------------------------------------------------------------------------------------
# Each writes "PASSED FAILED" to the file $tally, unless it breaks off.

tier_lint() {
  local passed=0 failed=0 checker
  set_up_python
  set_up_npm
  for checker in \
    ".venv/bin/python -m ruff check" \
    ".venv/bin/python -m ruff format --check" \
    ".venv/bin/python -m mypy" \
    ".venv/bin/clang-format --dry-run -Werror pyconvlite/backends/simd/*.[ch]" \
    ".venv/bin/shellcheck build.sh .ci/run" \
    "npx biome check --error-on-warnings" \
    "npx tsc -p tools" \
    "npx tsc -p site" \
    "npx tsc -p benchmarks" \
    "npx tsc -p tests/firefox"; do
    say "-- $checker"
    if $checker; then ((passed += 1)); else ((failed += 1)); fi
  done
  printf '%s %s\n' "$passed" "$failed" >"$tally"
}

tier_python() {
  local python
  set_up_python
  make_wheel
  if python=$(find_python 12); then
    once .venv-pyodide/bin/pyodide build.sh -- \
      make_venv .venv-pyodide "$python" pyodide-build==0.39.2 pkginfo==2.0
    export PYCONVLITE_PYODIDE_CLI=$root/.venv-pyodide/bin/pyodide
  fi
  # Spread over the cores, file by file. Browsers use them all by themselves: their tests stand alone.
  OPENBLAS_NUM_THREADS=1 count_tests .venv/bin/python -m pytest \
    -n auto --maxprocesses 4 --dist loadfile --max-worker-restart 0 "$@"
}

# node_tier FOLDER [PYTEST_ARGS...]: the suite inside the Pyodide in a folder
node_tier() {
  make_wheel
  set_up_node || cannot_run "no Node 24 or newer"
  # The wheel's doctests run as installed; the source folder stays out of the way.
  count_tests in_pyodide "$1" pytest --timeout 1200 -m "not cpython" \
    -o testpaths="tests pyconvlite" --pyargs "${@:2}"
}

tier_node() {
  make_distribution dist/pyodide scipy pillow
  node_tier dist/pyodide "$@"
}

tier_node-numpy() { # without the SIMD kernels, which take over in the other tiers inside Pyodide
  make_distribution dist/pyodide scipy pillow
  export PYCONVLITE_BACKEND=numpy
  node_tier dist/pyodide --ignore-glob "tests/test_simd_*" "$@"
}

tier_node-0.29() { # no registry has SciPy or Pillow for it
  make_distribution dist/pyodide-0.29 --version 0.29.0
  node_tier dist/pyodide-0.29 --ignore tests/test_conv_scipy.py "$@"
}

tier_node-0.27() { # its Emscripten cannot ask after an unlinked file, such as pytest captures output in
  make_distribution dist/pyodide-0.27 scipy --version 0.27.7
  node_tier dist/pyodide-0.27 --capture=sys "$@"
}

set_up_webgpu() {
  make_distribution dist/pyodide scipy pillow
  make_wheel
  set_up_npm
  set_up_node || cannot_run "no Node 24 or newer"
}

tier_webgpu() {
  set_up_webgpu
  set_up_adapter || cannot_run "no Vulkan driver found, and none could be installed"
  count_tests in_pyodide dist/pyodide pytest --webgpu --timeout 600 -o testpaths=tests/gpu "$@"
}

tier_webgpu-float16() { # which the adapter of the tier webgpu may lack
  set_up_webgpu
  if ! set_up_lavapipe; then
    say "-- skipped: no driver with float16 could be had"
    printf '0 0\n' >"$tally"
    return
  fi
  count_tests in_pyodide dist/pyodide pytest --webgpu --timeout 600 -o testpaths=tests/gpu/test_float16.py "$@"
}

tier_mutants() {
  set_up_python
  .venv/bin/python -m tools.mutants "$@" | tee dist/mutants
  sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' dist/mutants >"$tally"
}

tier_browser() {
  make_site
  make_distribution dist/pyodide scipy pillow # for the tests that run in the browser's own Python
  set_up_chromium || cannot_run "no browser found, and none could be installed"
  count_tests .venv/bin/python -m pytest -o testpaths=tests/browser "$@"
}

tier_firefox() {
  make_site
  set_up_firefox || cannot_run "install Firefox (Debian: apt install firefox-esr)"
  keep_count "$node" --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=junit --test-reporter-destination=dist/report.xml "$@" 'tests/firefox/*.test.js'
}

# count_tests COMMAND...: runs pytest and keeps what it counted
count_tests() {
  local status=0
  keep_count "$@" --junitxml=dist/report.xml || status=$?
  # No test at all is a fault, unless the arguments chose among them.
  if ((status == 5 && chosen)); then return 0; fi
  return $status
}

# keep_count COMMAND...: runs a test runner, and keeps what it counted in dist/report.xml
keep_count() {
  local status=0
  "$@" || status=$?
  [[ ! -f dist/report.xml ]] || .venv/bin/python -m tools.tally dist/report.xml >"$tally"
  return $status
}

cannot_run() {
  say "the $tier tier cannot run here: $*"
  [[ ${CI-} != true ]] || exit 1
  printf '0 0\n' >"$tally"
  exit 0
}

run_tests() {
  local tiers=(lint python node node-numpy webgpu webgpu-float16 node-0.29 node-0.27 browser firefox mutants)
  local passed=0 failed=0 tier started status p f
  if [[ " ${tiers[*]} " == *" ${1-} "* ]]; then tiers=("$1"); shift; fi
  local chosen=$#
  tally=$root/dist/tally
  mkdir -p dist
  trap 'exit 130' INT # pytest ends a Ctrl-C its own way, after which the next tier would start
  for tier in "${tiers[@]}"; do
    say "== $tier"
    started=$SECONDS
    rm -f "$tally" dist/report.xml
    set +e
    (set -e; "tier_$tier" "$@")
    status=$?
    set -e
    read -r p f 2>/dev/null <"$tally" || { p=0; f=1; } # it broke off
    if ((status && !f)); then f=1; fi # it failed beside its tests
    ((passed += p, failed += f)) || true
    say "== $tier: $p passed, $f failed in $((SECONDS - started)) s"
  done
  printf '%s passed, %s failed\n' "$passed" "$failed"
  ((passed && !failed))
}

command=${1-}
(($#)) && shift
case $command in
  serve | test | pytest-node | wheel | site | bench) need_tools ;;
  help | -h | --help) usage; exit ;;
  *) usage >&2; exit 2 ;;
esac
case $command in
  serve) serve "$@" ;;
  test) run_tests "$@" ;;
  pytest-node) pytest_node "$@" ;;
  wheel) make_wheel; say "$wheel" ;;
  site) make_site; say "dist/site" ;;
  bench) bench "$@" ;;
esac
