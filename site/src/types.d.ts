/** Files that pages fetch while they run (see vite.config.js). */
declare module 'virtual:asset-sizes' {
  /** Bytes of each file under pyodide/, mnist/ and weights/, by its path. */
  const sizes: Record<string, number>;
  export default sizes;
  /** For each package of the Pyodide folder the paths of its wheel and of those that it needs. */
  export const wheels: Record<string, string[]>;
  /** SHA-256 of Pyodide's core. */
  export const coreHash: string;
}

/** The WebGPU backend's bridge.js and the SIMD backend's threads.js as a module (see vite.config.js). */
declare module 'virtual:bridge' {
  export const threads: unknown;
  export const open: (gpu: GPU, preference?: GPUPowerPreference) => Promise<unknown>;
}

/** What is in the site when the service worker is built (see offline.js beside vite.config.js). */
declare module 'virtual:site-files' {
  /** The pages and what belongs to them, as Workbox lists files. */
  export const own: { url: string; revision: string | null; integrity: string }[];
  /** SHA-256 of each file under pyodide/, mnist/, weights/ and docs/, by its path; of a .gz file also of what is in it. */
  export const large: Record<string, string[]>;
}

/** The first test images of MNIST, as black ink on nothing (see first-digits.js beside vite.config.js). */
declare module 'virtual:first-digits' {
  const digits: { label: number; picture: string }[];
  export default digits;
}

declare module '*.worker.ts?worker&url' {
  const address: string;
  export default address;
}

/** What the figures of a module of plans show at first (see first.js beside vite.config.js). */
declare module '*?first' {
  /** By the plan's name what its code sets, by the variables' names. */
  const first: Record<string, Record<string, unknown>>;
  export default first;
}

/** Where HTML that a program shows stands (see frame.js beside vite.config.js). */
declare module 'virtual:frame' {
  /** Address of frame.html. */
  const address: string;
  /** The document within it. */
  export const content: string;
  export default address;
}
