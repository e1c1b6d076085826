/** Files that pages fetch while they run (see vite.config.js). */
declare module 'virtual:asset-sizes' {
  /** Bytes of each file under pyodide/ and mnist/, by its path. */
  const sizes: Record<string, number>;
  export default sizes;
  /** For each package of the Pyodide folder the paths of its wheel and of those that it needs. */
  export const wheels: Record<string, string[]>;
}
