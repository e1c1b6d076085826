// The worker of the benchmark page: loads Pyodide, and measures with bench.py.

import kernels from '../../../benchmarks/kernels.py?raw';
import measure from '../../../benchmarks/measure.py?raw';
import net from '../../../benchmarks/net.py?raw';
import simd from '../../../benchmarks/simd.py?raw';
import step from '../../../benchmarks/step.py?raw';
import bench from '../../python/tab/bench.py?raw';
import running from '../../python/tab/running.py?raw';
import training from '../../python/tab/training.py?raw';
import { answer } from './answering.js';
import { loadPython, plain, writeModules } from './python.js';

/** @typedef {Bench} BenchApi */

class Bench {
  /** bench.py. @type {any} */
  #bench = null;

  /**
   * Loads Pyodide, NumPy and pyconvlite.
   *
   * @param {string} base  address of the site, with its last slash
   * @returns {Promise<import('./python.js').Versions>}
   */
  async load(base) {
    const py = await loadPython(base);
    py.runPython('from pyconvlite import backends; backends.threads(1)'); // the figures are of one core
    writeModules(py, { kernels, measure, net, simd, step }, '.');
    writeModules(py, { bench, running, training });
    this.#bench = py.pyimport('tab.bench');
    return { pyodide: py.version, ...plain(py.pyimport('tab.running').versions()) };
  }

  /** What a function of bench.py finds. @param {string} name @param {(string | number)[]} args */
  measure(name, args) {
    const result = this.#bench[name](...args);
    return result?.toJs ? plain(result) : result;
  }
}

answer(new Bench());
