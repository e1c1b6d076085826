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

/* A row of fewer than four elements as one of four: its operands, of `item_size` bytes an element, in copies. */
typedef struct {
  float y[4], x[3][4];
} Copies;

INLINE void fill_copies(Copies *copies, Row *row, const int *item_sizes, int operands) {
  for (int k = 0; k < operands; k++) {
    copy_bytes(copies->x[k], row->x[k], item_sizes[k] * (row->steps[k] ? row->size : 1));
    row->x[k] = copies->x[k];
  }
  row->y = copies->y;
  row->size = 4;
}

/* Four elements of an operand. */
INLINE f4 floats(const Row *row, int k, int i) {
  const float *x = row->x[k];
  return row->steps[k] ? load(x + i) : wasm_v128_load32_splat(x);
}

/* Four booleans as masks. */
INLINE f4 masks(const Row *row, int k, int i) {
  const boolean *x = row->x[k];
  if (!row->steps[k]) return wasm_i32x4_splat(-(x[0] != 0));
  f4 wide = wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(x + i)));
  return wasm_i32x4_ne(wide, wasm_i32x4_splat(0));
}

INLINE void store_floats(const Row *row, int i, f4 v) { store((float *)row->y + i, v); }

INLINE void store_booleans(const Row *row, int i, f4 mask) {
  f4 narrow = wasm_i16x8_narrow_i32x4(mask, mask);
  narrow = wasm_v128_and(wasm_i8x16_narrow_i16x8(narrow, narrow), wasm_i8x16_splat(1));
  wasm_v128_store32_lane((boolean *)row->y + i, narrow, 0);
}

/* Defines name_row(row), which computes `expression` of the row's elements from i on. */
#define DEFINE_ROW(name, operands, y_size, store_as, expression, ...) \
  static void name##_row(Row row) {                                   \
    static const int item_sizes[] = {__VA_ARGS__};                    \
    Copies copies = {0};                                              \
    void *y = row.y;                                                  \
    int size = row.size;                                              \
    if (size < 4) fill_copies(&copies, &row, item_sizes, operands);   \
    for (int i = 0;; i = min_int(i + 4, row.size - 4)) {              \
      store_as(&row, i, expression);                                  \
      if (i + 4 >= row.size) break;                                   \
    }                                                                 \
    if (size < 4) copy_bytes(y, copies.y, size * y_size);             \
  }
#define UNARY_ROW(name, expression) DEFINE_ROW(name, 1, 4, store_floats, expression, 4)
#define BINARY_ROW(name, expression) DEFINE_ROW(name, 2, 4, store_floats, expression, 4, 4)
#define COMPARISON_ROW(name, expression) DEFINE_ROW(name, 2, 1, store_booleans, expression, 4, 4)
#define X floats(&row, 0, i)
#define Y floats(&row, 1, i)

UNARY_ROW(same, X)
UNARY_ROW(neg, wasm_f32x4_neg(X))
UNARY_ROW(abs, wasm_f32x4_abs(X))
UNARY_ROW(sqrt, wasm_f32x4_sqrt(X))
UNARY_ROW(square, mul(X, X))
UNARY_ROW(cube, mul(mul(X, X), X))
UNARY_ROW(reciprocal, divide(splat(1), X))
UNARY_ROW(exp, exp_of(X))
UNARY_ROW(expm1, expm1_of(X))
UNARY_ROW(log, log_of(X))
UNARY_ROW(log1p, log1p_of(X))
UNARY_ROW(relu, positive(X))
UNARY_ROW(tanh, tanh_of(X))
UNARY_ROW(sigmoid, sigmoid_of(X))
UNARY_ROW(normal_cdf, normal_cdf_of(X))

BINARY_ROW(add, add(X, Y))
BINARY_ROW(sub, sub(X, Y))
BINARY_ROW(mul, mul(X, Y))
BINARY_ROW(div, divide(X, Y))
BINARY_ROW(maximum, wasm_f32x4_max(X, Y)) /* NaN if one is NaN */
BINARY_ROW(minimum, wasm_f32x4_min(X, Y))

/* x0 where x1 > 0, else 0 */
BINARY_ROW(relu_grad, wasm_v128_and(X, wasm_f32x4_gt(Y, splat(0))))

COMPARISON_ROW(equal, wasm_f32x4_eq(X, Y))
COMPARISON_ROW(less, wasm_f32x4_lt(X, Y))
COMPARISON_ROW(less_equal, wasm_f32x4_le(X, Y))

/* a float times a boolean */
DEFINE_ROW(mask, 2, 4, store_floats, mul(X, wasm_v128_and(masks(&row, 1, i), splat(1))), 4, 1)
DEFINE_ROW(where, 3, 4, store_floats, choose(masks(&row, 0, i), Y, floats(&row, 2, i)), 1, 4, 4)

#undef X
#undef Y
