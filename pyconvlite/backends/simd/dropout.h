/* The dropout mask. */
#pragma once

#include "vector.h"

INLINE f4 imul(f4 a, f4 b) { return wasm_i32x4_mul(a, b); }
INLINE f4 iadd(f4 a, f4 b) { return wasm_i32x4_add(a, b); }

/* pcg4d of four vectors at a time: Jarzynski, Olano, "Hash Functions for GPU Rendering" (2020). */
INLINE void pcg4d(f4 v[4]) {
  for (int i = 0; i < 4; i++) v[i] = iadd(imul(v[i], wasm_i32x4_splat(1664525)), wasm_i32x4_splat(1013904223));
  for (int round = 0; round < 2; round++) {
    v[0] = iadd(v[0], imul(v[1], v[3])), v[1] = iadd(v[1], imul(v[2], v[0]));
    v[2] = iadd(v[2], imul(v[0], v[1])), v[3] = iadd(v[3], imul(v[1], v[2]));
    if (round == 0)
      for (int i = 0; i < 4; i++) v[i] = wasm_v128_xor(v[i], wasm_u32x4_shr(v[i], 16));
  }
}

/* 0 where the hash of the key and the element's place is below the threshold, else `scale`. */
EXPORT void dropout_mask(float *mask, int size, uint32_t key0, uint32_t key1, uint32_t threshold, float scale) {
  f4 drop = wasm_u32x4_splat(threshold), kept = splat(scale);
  for (int i = 0; i < size; i += 16) {
    f4 v[4] = {iadd(wasm_i32x4_splat(i / 4), wasm_i32x4_make(0, 1, 2, 3)), wasm_u32x4_splat(key0),
               wasm_u32x4_splat(key1), splat(0)};
    pcg4d(v);
    transpose(v);
    for (int k = 0; k < 4; k++) v[k] = wasm_v128_and(kept, wasm_u32x4_ge(v[k], drop));
    if (i + 16 <= size)
      for (int k = 0; k < 4; k++) store(mask + i + 4 * k, v[k]);
    else
      for (int k = 0; k < size - i; k++) mask[i + k] = ((const float *)v)[k];
  }
}
