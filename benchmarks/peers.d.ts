// Unchecked, so that the linter need not install them.
declare module '@jax-js/jax';
declare module '@tensorflow/tfjs';
declare module '@tensorflow/tfjs-backend-wasm';
declare module '@tensorflow/tfjs-backend-webgpu';
declare module '@tensorflow/tfjs-core';
declare module 'convnetjs';
declare module 'onnxruntime-web';
