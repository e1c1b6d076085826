/* Four floats at a time: the few vector operations that all kernels are written with. */
#pragma once

#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT __attribute__((visibility("default")))
/* A function that is not inlined: it is called from many places, and engines allocate registers badly in very long
 * functions. */
#define SHARED static __attribute__((noinline))
#define INLINE static inline __attribute__((always_inline))

typedef v128_t f4;
typedef float unaligned_float __attribute__((aligned(1)));

INLINE f4 load(const float *p) { return wasm_v128_load(p); }
INLINE void store(float *p, f4 v) { wasm_v128_store(p, v); }
/* A constant passes through an empty instruction, so that the compiler keeps it in a local outside of a loop: V8
 * would rebuild it from integers in each iteration, which takes a third of an exponential's time. */
INLINE f4 splat(float v) {
  f4 lanes = wasm_f32x4_splat(v);
  if (__builtin_constant_p(v)) __asm__("" : "+r"(lanes));
  return lanes;
}

INLINE f4 add(f4 a, f4 b) { return wasm_f32x4_add(a, b); }
INLINE f4 sub(f4 a, f4 b) { return wasm_f32x4_sub(a, b); }
INLINE f4 mul(f4 a, f4 b) { return wasm_f32x4_mul(a, b); }

/* a * b + c. The relaxed instruction rounds once where the processor can, twice elsewhere. */
INLINE f4 madd(f4 a, f4 b, f4 c) {
#ifdef __wasm_relaxed_simd__
  return wasm_f32x4_relaxed_madd(a, b, c);
#else
  return add(mul(a, b), c);
#endif
}

/* max(x, 0) of each lane; NaN stays NaN (pmax returns its first operand unless that is the smaller). */
INLINE f4 positive(f4 x) { return wasm_f32x4_pmax(x, splat(0)); }

/* The compiler moves no sum past a PINned one, and no constant out of an OPAQUE address. Loops over registers are
 * ordered by hand: reordered, they need more registers than there are, and take twice as long. */
#define PIN(v) __asm__ volatile("" : "+r"(v))
#define OPAQUE(p) __asm__("" : "+r"(p))

INLINE float sum_of(f4 v) {
  return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1)) +
         (wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3));
}

/* Fewer than four elements, and 0 in place of the others. Not through memory: a load that spans several recent stores
 * stalls. */
SHARED f4 tail(const float *p, int count) {
  if (count < 1) return splat(0);
  if (count == 1) return wasm_v128_load32_zero(p);
  f4 v = wasm_v128_load64_zero(p);
  return count == 2 ? v : wasm_v128_load32_lane(p + 2, v, 2);
}

SHARED void put_tail(float *p, f4 v, int count) {
  if (count == 1) wasm_v128_store32_lane(p, v, 0);
  if (count > 1) wasm_v128_store64_lane(p, v, 0);
  if (count > 2) wasm_v128_store32_lane(p + 2, v, 2);
}

/* Four elements from p on, or as many as there are, with 0 in place of the others. */
INLINE f4 some(const float *p, int count) { return count >= 4 ? load(p) : tail(p, count); }
INLINE void put_some(float *p, f4 v, int count) {
  if (count >= 4)
    store(p, v);
  else
    put_tail(p, v, count);
}

/* Row i becomes column i. */
INLINE void transpose(f4 v[4]) {
  f4 a = wasm_i32x4_shuffle(v[0], v[1], 0, 4, 1, 5), b = wasm_i32x4_shuffle(v[2], v[3], 0, 4, 1, 5);
  f4 c = wasm_i32x4_shuffle(v[0], v[1], 2, 6, 3, 7), d = wasm_i32x4_shuffle(v[2], v[3], 2, 6, 3, 7);
  v[0] = wasm_i64x2_shuffle(a, b, 0, 2);
  v[1] = wasm_i64x2_shuffle(a, b, 1, 3);
  v[2] = wasm_i64x2_shuffle(c, d, 0, 2);
  v[3] = wasm_i64x2_shuffle(c, d, 1, 3);
}

/* Four bytes as integers. */
INLINE f4 four_bytes(const uint8_t *p) {
  return wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(p)));
}

/* Four pixels, `stride` apart; reads nothing before the first or after the last. */
INLINE f4 load_strided(const float *p, int stride) {
  if (stride == 1) return load(p);
  if (stride == 2) return wasm_i32x4_shuffle(load(p), load(p + 3), 0, 2, 5, 7);
  f4 v = wasm_v128_load32_zero(p);
  v = wasm_v128_load32_lane(p + stride, v, 1);
  v = wasm_v128_load32_lane(p + 2 * stride, v, 2);
  return wasm_v128_load32_lane(p + 3 * stride, v, 3);
}

INLINE int min_int(int a, int b) { return a < b ? a : b; }
INLINE int max_int(int a, int b) { return a > b ? a : b; }
INLINE int ceil_div(int a, int b) { return (a + b - 1) / b; }
