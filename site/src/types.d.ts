/** Bytes of each file under pyodide/ and mnist/, by its path (see vite.config.js). */
declare module 'virtual:asset-sizes' {
  const sizes: Record<string, number>;
  export default sizes;
}
