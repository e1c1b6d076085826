/* Rows of element-wise operations. An operand's step is 1, or 0 where its one element serves the whole row.
 *
 * A row's last vector ends with it and may overlap the one before; a row shorter than a vector is computed in
 * copies of one. So each operation is written, and compiled, once.
 */
#pragma once

#include "elementary.h"

typedef uint8_t boolean;

typedef struct {
  void *y;
  const void *x[3];
  int steps[3], size;
} Row;

INLINE void copy_bytes(void *to, const void *from, int size) {
  for (int i = 0; i < size; i++) ((char *)to)[i] = ((const char *)from)[i];
}

/* The first four elements of operands that do not have as many, or repeat one. */
typedef struct {
  float y[4], x[3][4];
} Copies;

/* Copy such operands, and turn steps into masks of indexes: -1, or 0 to stay at those four elements. */
INLINE void prepare(Copies *copies, Row *row, const int *item_sizes, int operands) {
  for (int k = 0; k < operands; k++) {
    const void *from = row->x[k];
    if (!row->steps[k]) {
      store(copies->x[k], item_sizes[k] == 1 ? wasm_v128_load8_splat(from) : wasm_v128_load32_splat(from));
      row->x[k] = copies->x[k];
    } else if (row->size < 4) {
      copy_bytes(copies->x[k], from, row->size * item_sizes[k]);
      row->x[k] = copies->x[k];
    }
    row->steps[k] = -row->steps[k];
  }
  if (row->size < 4) row->y = copies->y, row->size = 4;
}

INLINE f4 floats(const Row *row, int k, int i) { return load((const float *)row->x[k] + (i & row->steps[k])); }

/* Four booleans as masks. */
INLINE f4 masks(const Row *row, int k, int i) {
  return wasm_i32x4_ne(four_bytes((const boolean *)row->x[k] + (i & row->steps[k])), wasm_i32x4_splat(0));
}

INLINE void store_floats(const Row *row, int i, f4 v) { store((float *)row->y + i, v); }

INLINE void store_booleans(const Row *row, int i, f4 mask) {
  f4 narrow = wasm_i16x8_narrow_i32x4(mask, mask);
  narrow = wasm_v128_and(wasm_i8x16_narrow_i16x8(narrow, narrow), wasm_i8x16_splat(1));
  wasm_v128_store32_lane((boolean *)row->y + i, narrow, 0);
}

typedef void (*Compute)(Row);

/* Compute a row of any length; operands have `item_sizes` bytes an element, the result `y_item_size`. */
static void compute_row(Row row, const int *item_sizes, int operands, int y_item_size, Compute compute) {
  Copies copies;
  void *y = row.y;
  int size = row.size;
  prepare(&copies, &row, item_sizes, operands);
  compute(row);
  if (size < 4) copy_bytes(y, copies.y, size * y_item_size);
}

/* Defines name_row, which computes `expression` of a prepared row's elements from i on: first of all whole vectors but
 * the last, then of the last four elements. `unroll` tells how many vectors at once, which pays where they are few
 * instructions. */
#define DEFINE_ROW(name, unroll, store_as, expression)                        \
  static void name##_row(Row row) {                                           \
    int i = 0, stop = (row.size - 1) & -4;                                    \
    for (;; i = row.size - 4, stop = row.size) {                              \
      _Pragma(unroll) for (; i < stop; i += 4) store_as(&row, i, expression); \
      if (stop == row.size) return;                                           \
    }                                                                         \
  }
#define TWO "clang loop unroll_count(2)"
#define FLOAT_ROW(name, expression) DEFINE_ROW(name, TWO, store_floats, expression)
#define LONG_FLOAT_ROW(name, expression) DEFINE_ROW(name, "clang loop unroll(disable)", store_floats, expression)
#define BOOLEAN_ROW(name, expression) DEFINE_ROW(name, TWO, store_booleans, expression)
#define X floats(&row, 0, i)
#define Y floats(&row, 1, i)

FLOAT_ROW(same, X)
FLOAT_ROW(neg, wasm_f32x4_neg(X))
FLOAT_ROW(abs, wasm_f32x4_abs(X))
FLOAT_ROW(sqrt, wasm_f32x4_sqrt(X))
FLOAT_ROW(sign,
          choose(wasm_f32x4_gt(wasm_f32x4_abs(X), splat(0)), wasm_v128_or(splat(1), sign_of(X)), add(X, splat(0))))
INLINE f4 square_of(f4 x) { return mul(x, x); }
FLOAT_ROW(square, square_of(X))
FLOAT_ROW(cube, mul(mul(X, X), X))
FLOAT_ROW(fourth, square_of(square_of(X)))
/* Of minus infinity a power is that of infinity, though it has no root. */
INLINE f4 infinity_of_both(f4 x) {
  return choose(wasm_f32x4_eq(x, splat(-__builtin_inff())), splat(__builtin_inff()), x);
}
INLINE f4 root_cubed_of(f4 x) { return mul(wasm_f32x4_sqrt(x), x); }
FLOAT_ROW(root_cubed, root_cubed_of(infinity_of_both(X)))
FLOAT_ROW(reciprocal, divide(splat(1), X))
FLOAT_ROW(reciprocal_root, /* + 0, since the root of -0 is -0 */
          divide(splat(1), wasm_f32x4_sqrt(add(infinity_of_both(X), splat(0)))))
FLOAT_ROW(reciprocal_square, square_of(divide(splat(1), X)))
FLOAT_ROW(exp, exp_of(X))
LONG_FLOAT_ROW(expm1, expm1_of(X))
FLOAT_ROW(log, log_of(X))
LONG_FLOAT_ROW(log1p, log1p_of(X))
LONG_FLOAT_ROW(sin, sine_of(X, 0))
LONG_FLOAT_ROW(cos, sine_of(X, 1))
FLOAT_ROW(relu, positive(X))
FLOAT_ROW(tanh, tanh_of(X))
FLOAT_ROW(sigmoid, sigmoid_of(X))
LONG_FLOAT_ROW(normal_cdf, normal_cdf_of(X))
LONG_FLOAT_ROW(erf, erf_of(X))

FLOAT_ROW(add, add(X, Y))
FLOAT_ROW(sub, sub(X, Y))
FLOAT_ROW(mul, mul(X, Y))
FLOAT_ROW(div, divide(X, Y))
FLOAT_ROW(maximum, wasm_f32x4_max(X, Y)) /* NaN if one is NaN */
FLOAT_ROW(minimum, wasm_f32x4_min(X, Y))

/* x * clip(x / 6 + 1 / 2, 0, 1) */
INLINE f4 hardswish_of(f4 x) { return mul(x, at_least(at_most(madd(x, splat(1 / 6.0f), splat(0.5f)), 1), 0)); }
FLOAT_ROW(hardswish, hardswish_of(X))

INLINE f4 hardswish_slope(f4 x) {
  f4 outside = wasm_f32x4_ge(wasm_f32x4_abs(x), splat(3)), slope = madd(x, splat(1 / 3.0f), splat(0.5f));
  return choose(outside, wasm_v128_and(wasm_f32x4_gt(x, splat(0)), splat(1)), slope);
}
FLOAT_ROW(hardswish_grad, mul(X, hardswish_slope(Y)))

/* gy times the derivatives of x * cdf(x), the normal distribution function, and of x * s, the sigmoid of x */
#define Z floats(&row, 2, i)
LONG_FLOAT_ROW(gelu_grad,
               mul(X, madd(mul(Y, splat(0.398942280f)), exp_of_negative(mul(square_of(Y), splat(-0.5f)), 0), Z)))
FLOAT_ROW(silu_grad, mul(X, mul(Z, madd(Y, sub(splat(1), Z), splat(1)))))
#undef Z

/* 0 where x1 <= 0, else x0 */
FLOAT_ROW(relu_grad, wasm_v128_andnot(X, wasm_f32x4_le(Y, splat(0))))

BOOLEAN_ROW(equal, wasm_f32x4_eq(X, Y))
BOOLEAN_ROW(less, wasm_f32x4_lt(X, Y))
BOOLEAN_ROW(less_equal, wasm_f32x4_le(X, Y))

/* a float times a boolean */
FLOAT_ROW(mask, mul(X, wasm_v128_and(masks(&row, 1, i), splat(1))))
FLOAT_ROW(where, choose(masks(&row, 0, i), Y, floats(&row, 2, i)))

#undef X
#undef Y
