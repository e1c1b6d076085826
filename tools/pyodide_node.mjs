/**
 * Python inside Pyodide under Node, on this machine's files and with the project's wheel installed.
 *
 * Usage: node pyodide_node.mjs pytest|run --pyodide FOLDER --wheel FILE [--packages NAME,...] [--timeout SECONDS]
 *     [--webgpu] ARGUMENT...
 *
 * `pytest` runs pytest with the arguments, `run` a script with its arguments. The exit status is theirs; or 70 after a
 * crash of the interpreter, 71 if it did not start, 124 after a time-out. Python runs in a worker, so that this thread
 * can end it.
 * `--packages` are those of the folder to load, with their dependencies; without the option all are loaded.
 * `--webgpu` gives Python a `navigator.gpu`, as browsers have it, by Vulkan.
 */

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

/** Exit statuses other than Python's own, as other programs use them. */
const MISUSED = 4; // pytest
const [CRASHED, NOT_STARTED] = [70, 71]; // sysexits.h
const TIMED_OUT = 124; // timeout
const INTERRUPTED = 130; // the shell

/**
 * The Python files whose `main(arguments)` returns the exit status.
 *
 * @type {Record<string, string>}
 */
const PROGRAMS = { pytest: 'pytest_inside.py', run: 'run_inside.py' };

const SIGINT = 2;
const GRACE = 5; // seconds for Python to print a traceback after a time-out
const PROJECT_MARKS = ['pytest.ini', 'pyproject.toml', 'tox.ini', 'setup.cfg', 'setup.py', '.git'];

/** This program's own options; all other arguments are passed to Python unchanged. */
const OPTIONS = /** @type {const} */ ({
  pyodide: { type: 'string' },
  wheel: { type: 'string' },
  packages: { type: 'string' },
  timeout: { type: 'string' },
  webgpu: { type: 'boolean' },
});

const [mode, ...commandLine] = process.argv.slice(2);
const { values, tokens } = parseArgs({ args: commandLine, options: OPTIONS, strict: false, tokens: true });
const taken = tokens.flatMap((token) => {
  if (token.kind !== 'option' || !Object.hasOwn(OPTIONS, token.name)) return [];
  return token.inlineValue === false ? [token.index, token.index + 1] : [token.index];
});
const rest = commandLine.filter((_, index) => !taken.includes(index));
if (!(mode in PROGRAMS)) fail(`the mode is one of ${Object.keys(PROGRAMS).join(', ')}`);
const [pyodide, wheel] = [needed('pyodide'), needed('wheel')];
const timeout = values.timeout === undefined ? Infinity : Number(needed('timeout'));
if (!(timeout > 0)) fail(`--timeout takes a positive number of seconds, not ${values.timeout}`);

const interrupt = new Uint8Array(new SharedArrayBuffer(1));
const worker = new Worker(new URL('./pyodide_worker.mjs', import.meta.url), {
  workerData: {
    distribution: resolve(pyodide),
    packages: values.packages === undefined ? undefined : needed('packages').split(','),
    wheelUrl: await serve(resolve(wheel)),
    program: fileURLToPath(new URL(PROGRAMS[mode], import.meta.url)),
    args: rest,
    cwd: process.cwd(),
    mounts: mounts(rest),
    env: environment(),
    isatty: Boolean(process.stdout.isTTY),
    interrupt,
    webgpu: Boolean(values.webgpu),
  },
});

let ending = 0; // the exit status, once the run was told to end
if (timeout < Infinity) {
  setTimeout(() => {
    say(`timed out after ${timeout} s`);
    ending = TIMED_OUT;
    interrupt[0] = SIGINT; // Python, if it still runs, prints a traceback
    setTimeout(() => process.exit(TIMED_OUT), GRACE * 1000);
  }, timeout * 1000);
}
process.on('SIGINT', () => {
  if (ending) process.exit(ending);
  say('interrupting; once more ends it at once');
  ending = INTERRUPTED;
  interrupt[0] = SIGINT;
});
let failure = NOT_STARTED; // the exit status if the interpreter ends by itself
worker.on('message', (/** @type {number | 'started'} */ status) => {
  if (status === 'started') failure = CRASHED;
  else process.exit(ending === TIMED_OUT ? TIMED_OUT : status);
});
worker.on('error', (/** @type {Error} */ error) => {
  say(ending ? 'ended' : `the interpreter ${failure === CRASHED ? 'crashed' : 'did not start'}: ${error.message}`);
  process.exit(ending || failure);
});
worker.on('exit', () => {
  say('the interpreter ended before Python did');
  process.exit(failure);
});

/**
 * @param {'pyodide' | 'wheel' | 'packages' | 'timeout'} name
 * @returns {string} the option's value
 */
function needed(name) {
  const value = values[name];
  return typeof value === 'string' ? value : fail(`--${name} needs a value`);
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  say(`error: ${message}`);
  process.exit(MISUSED);
}

/** @param {string} message */
function say(message) {
  process.stderr.write(`${basename(process.argv[1])}: ${message}\n`);
}

/**
 * The folders that Python sees, each at the same path as on this machine.
 *
 * @param {string[]} args for a path among them, the folder of its project is mounted, or the folder itself
 * @returns {string[]}
 */
function mounts(args) {
  const folders = new Set([process.cwd()]);
  for (const arg of args) {
    const path = resolve(arg.replace(/^-[^=]*=/, '').split('::')[0]);
    if (existsSync(path)) folders.add(projectOf(path));
    else if (arg.includes(sep) && existsSync(dirname(path))) folders.add(dirname(path)); // a file to be written
  }
  folders.delete('/'); // holds Pyodide's own files; relative paths below it still work
  const all = [...folders];
  return all.filter((folder) => !all.some((other) => folder.startsWith(other + sep)));
}

/**
 * @param {string} path
 * @returns {string} the closest folder above that looks like a project's root, as pytest looks for it
 */
function projectOf(path) {
  const start = statSync(path).isDirectory() ? path : dirname(path);
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (PROJECT_MARKS.some((mark) => existsSync(join(folder, mark)))) return folder;
  }
  return start;
}

/** @returns {Record<string, string>} this process's environment, less what describes another Python and machine */
function environment() {
  /** @type {Record<string, string>} */
  const env = { PYTHONDONTWRITEBYTECODE: '1' };
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(PYTHON|PATH$|HOME$|TMPDIR$)/.test(name)) env[name] = value;
  }
  if (process.stdout.columns) env.COLUMNS = String(process.stdout.columns);
  return env;
}

/**
 * Serves one file on a free port of this machine, so that micropip installs it from a URL as for users.
 *
 * @param {string} file
 * @returns {Promise<string>} its URL
 */
function serve(file) {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/octet-stream');
    response.setHeader('Content-Length', statSync(file).size);
    createReadStream(file).pipe(response);
  });
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      done(`http://127.0.0.1:${port}/${encodeURIComponent(basename(file))}`);
    });
  });
}
