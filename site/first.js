// What the figures of the lessons show before the page's own Python has answered: computed when the site is built.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const SUFFIX = '?first';

const LESSONS = resolve(import.meta.dirname, 'src/lessons');
const FIGURES = readdirSync(LESSONS)
  .map((lesson) => resolve(LESSONS, lesson, 'figures.ts'))
  .filter(existsSync);

const own = resolve(import.meta.dirname, '../.venv/bin/python');
const PYTHON = process.env.PYTHON ?? (existsSync(own) ? own : 'python3');

/** Small arrays gain nothing from more threads, which wait for each other where other programs run, too. */
const ENVIRONMENT = { ...process.env, OPENBLAS_NUM_THREADS: '1' };

/** One Python for all figures of a build, started with the first; the same figure is computed once. */
class Python {
  /** @type {Map<string, Promise<unknown>>} */
  #answers = new Map();
  /** @type {import('node:child_process').ChildProcessWithoutNullStreams | undefined} */
  #process;
  /** @type {((line: string | null) => void)[]} */
  #waiting = [];

  #start() {
    const process = spawn(PYTHON, [resolve(import.meta.dirname, 'first.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: ENVIRONMENT,
    });
    createInterface(/** @type {import('node:stream').Readable} */ (process.stdout)).on('line', (line) =>
      this.#waiting.shift()?.(line),
    );
    process.on('error', () => this.#end());
    process.on('exit', () => this.#end());
    return /** @type {import('node:child_process').ChildProcessWithoutNullStreams} */ (
      /** @type {unknown} */ (process)
    );
  }

  #end() {
    this.#process = undefined;
    for (const answer of this.#waiting.splice(0)) answer(null);
  }

  /** @param {object} request @returns {Promise<unknown>} */
  ask(request) {
    const line = JSON.stringify(request);
    const answer = this.#answers.get(line) ?? this.#compute(line);
    this.#answers.set(line, answer);
    answer.catch(() => this.#answers.delete(line)); // the next one tries again
    return answer;
  }

  /** @param {string} request  a line of JSON */
  async #compute(request) {
    this.#process ??= this.#start();
    this.#process.stdin.write(`${request}\n`);
    const line = await new Promise((answer) => this.#waiting.push(answer));
    if (line === null)
      throw new Error(`${PYTHON} cannot compute the figures: it needs NumPy; name another by PYTHON=...`);
    return JSON.parse(line);
  }

  end() {
    this.#process?.stdin.end();
  }
}

const python = new Python();

/**
 * What the code of each plan of a module sets at first.
 *
 * @param {import('vite').ViteDevServer} server  that loads the module
 * @param {string} file
 */
async function valuesOf(server, file) {
  const { inputsOf } = await server.ssrLoadModule('/src/lessons/plan.ts');
  const plans = Object.entries(await server.ssrLoadModule(file));
  const answers = plans.map(async ([name, plan]) => {
    const { before, code, outputs } = plan;
    return [name, await python.ask({ before, code, inputs: inputsOf(plan), outputs: Object.keys(outputs) })];
  });
  return Object.fromEntries(await Promise.all(answers));
}

/**
 * Computes the figures of all lessons. Vite lets a page wait for a module for a minute, in which a busy machine may not
 * come so far.
 *
 * @param {import('vite').ViteDevServer} server
 */
export const computeAll = (server) => Promise.all(FIGURES.map((file) => valuesOf(server, file)));

/**
 * `import first from './figures.ts?first'` gives, for each plan of that module, what its code sets at first.
 *
 * @param {() => import('vite').ViteDevServer} server  that loads the module
 * @returns {import('vite').Plugin}
 */
export function firstValues(server) {
  return {
    name: 'first-values',
    enforce: 'pre',
    async resolveId(id, importer) {
      if (!id.endsWith(SUFFIX)) return undefined;
      const module = await this.resolve(id.slice(0, -SUFFIX.length), importer);
      return module && `\0${module.id}${SUFFIX}`;
    },
    async load(id) {
      if (!id.startsWith('\0') || !id.endsWith(SUFFIX)) return undefined;
      const file = id.slice(1, -SUFFIX.length);
      this.addWatchFile(file);
      return `export default ${JSON.stringify(await valuesOf(server(), file))}`;
    },
    closeBundle: () => python.end(),
  };
}
