/**
 * What Pyodide is to look at for interrupts: an object whose first element is that of a shared array.
 *
 * CPython's `_Py_CheckEmscriptenSignals_Helper` reads the element and then sets it to 0, whatever it was. In a short loop
 * one signal in thirty comes between the two, and is lost. Here only a signal that was read is taken away.
 *
 * @param {Uint8Array} shared  where another thread writes a signal's number
 */
export function signals(shared) {
  let read = 0;
  return {
    get 0() {
      read = shared[0];
      return read;
    },
    set 0(value) {
      if (read) shared[0] = value;
    },
  };
}
