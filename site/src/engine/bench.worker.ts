// The worker of the benchmark page: loads Pyodide, and measures with bench.py.

import kernels from '../../../benchmarks/kernels.py?raw';
import measure from '../../../benchmarks/measure.py?raw';
import net from '../../../benchmarks/net.py?raw';
import simd from '../../../benchmarks/simd.py?raw';
import step from '../../../benchmarks/step.py?raw';
import bench from '../../python/tab/bench.py?raw';
import running from '../../python/tab/running.py?raw';
import { answer } from './answering';
import type { Versions } from './protocol';
import { loadPython, type PyProxy, plain, writeModules } from './python';

export class Meter {
  /** bench.py. */
  #bench!: Record<string, (...args: (string | number)[]) => PyProxy | number | null>;

  /** Loads Pyodide, NumPy and pyconvlite. `base` is the site's address, with its last slash. */
  async load(base: string): Promise<Versions> {
    const py = await loadPython(base);
    py.runPython('from pyconvlite import backends; backends.threads(1)'); // the figures are of one core
    writeModules(py, { kernels, measure, net, simd, step }, '.');
    writeModules(py, { bench, running });
    this.#bench = py.pyimport('tab.bench');
    return { pyodide: py.version, ...plain(py.pyimport('tab.running').versions()) };
  }

  /** What a function of bench.py finds. */
  measure(name: string, args: (string | number)[]): unknown {
    const result = this.#bench[name](...args);
    return typeof result === 'object' && result?.toJs ? plain(result) : result;
  }
}

answer(new Meter());
