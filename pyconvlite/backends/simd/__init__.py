"""WebAssembly SIMD kernels: the NumPy backend's kernels for float32, in C, on NumPy's own memory.

- `kernels.c` and the headers beside it are the kernels; the wheel's build makes two side modules of them
  (`relaxed.wasm` with fused multiply-adds, `simd128.wasm` without).
- `library.py` loads the one that this engine can run.
- `kernels.py` has the names and signatures of the NumPy backend, checks what it is given, and hands what is
  not float32 to NumPy.
"""
