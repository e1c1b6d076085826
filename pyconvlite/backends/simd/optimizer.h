/* Updates of optimizers, each of all Parameters in one call.
 *
 * `table` has, for each Parameter, the arrays of the new weights and states, then those of the weights, the gradient
 * and the states, contiguous and of one size; `s` has the optimizer's settings. In an update, x is W, gW and the
 * states, four elements each, and y the new W and states. */
#pragma once

#include "objects.h"

enum { MOST_STATES = 2 };

typedef void (*Update)(f4 *y, const f4 *x, const float *s);

/* 0 in place of subnormal numbers. The states of a dead unit, whose gradient is 0, decay to these and, by rounding, no
 * further; they make an update take 20 times as long. */
INLINE f4 normal(f4 x) { return wasm_v128_andnot(x, wasm_f32x4_lt(wasm_f32x4_abs(x), splat(0x1p-126f))); }

/* The update of `count` elements from i on, at most four. */
INLINE void update_some(Array *const *ys, Array *const *xs, int i, int count, const float *s, int states,
                        Update update) {
  f4 x[MOST_STATES + 2], y[MOST_STATES + 1];
  for (int k = 0; k < states + 2; k++) x[k] = some((float *)xs[k]->data + i, count);
  update(y, x, s);
  put_some((float *)ys[0]->data + i, y[0], count);
  for (int k = 1; k < states + 1; k++) put_some((float *)ys[k]->data + i, normal(y[k]), count);
}

INLINE void update_all(Array *const *table, int rows, const float *s, int states, Update update) {
  for (int n = 0; n < rows; n++, table += 2 * states + 3) {
    Array *const *ys = table, *const *xs = table + states + 1;
    int size = size_of(xs[0]), i = 0;
    for (; i + 4 <= size; i += 4) update_some(ys, xs, i, 4, s, states, update);
    if (i < size) update_some(ys, xs, i, size - i, s, states, update);
  }
}

#define UPDATE(name, states)                                            \
  static inline void name##_update(f4 *y, const f4 *x, const float *s); \
  EXPORT void name(Array *const *table, int rows, const float *s) {     \
    update_all(table, rows, s, states, name##_update);                  \
  }                                                                     \
  static inline void name##_update(f4 *y, const f4 *x, const float *s)

INLINE f4 scaled(float factor, f4 x) { return mul(splat(factor), x); }
INLINE f4 root(f4 a) { return wasm_f32x4_sqrt(a); }

UPDATE(sgd, 0) { y[0] = sub(x[0], scaled(s[0], x[1])); }

UPDATE(momentum_sgd, 1) {
  y[1] = sub(scaled(s[1], x[2]), scaled(s[0], x[1]));
  y[0] = add(x[0], y[1]);
}

UPDATE(adagrad, 1) {
  y[1] = add(x[2], mul(x[1], x[1]));
  y[0] = sub(x[0], divide(scaled(s[0], x[1]), add(root(y[1]), splat(s[1]))));
}

/* lr, alpha, 1 - alpha, eps, momentum */
UPDATE(rmsprop, 2) {
  y[1] = add(scaled(s[1], x[2]), mul(scaled(s[2], x[1]), x[1]));
  y[2] = add(scaled(s[4], x[3]), divide(x[1], add(root(y[1]), splat(s[3]))));
  y[0] = sub(x[0], scaled(s[0], y[2]));
}

/* rho, 1 - rho, eps */
UPDATE(adadelta, 2) {
  y[1] = add(scaled(s[0], x[2]), mul(scaled(s[1], x[1]), x[1]));
  f4 eps = splat(s[2]), dx = mul(root(divide(add(x[3], eps), add(y[1], eps))), x[1]);
  y[2] = add(scaled(s[0], x[3]), mul(scaled(s[1], dx), dx));
  y[0] = sub(x[0], dx);
}

/* rate, beta1, 1 - beta1, beta2, 1 - beta2, eps, decay */
UPDATE(adam, 2) {
  y[1] = add(scaled(s[1], x[2]), scaled(s[2], x[1]));
  y[2] = add(scaled(s[3], x[3]), mul(scaled(s[4], x[1]), x[1]));
  f4 step = divide(scaled(s[0], y[1]), add(root(y[2]), splat(s[5])));
  y[0] = sub(x[0], add(step, scaled(s[6], x[0])));
}
