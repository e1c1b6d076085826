/* ReLU and its gradient. Elements that do not fill a vector are computed one by one, as in all files here. */
#pragma once

#include "vector.h"

EXPORT void relu(float *y, const float *x, int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) store(y + i, positive(load(x + i)));
  for (; i < size; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

/* gy where x is above 0, else 0; relu's y will do for x. */
EXPORT void relu_grad(float *gx, const float *gy, const float *x, int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) store(gx + i, wasm_v128_and(load(gy + i), wasm_f32x4_gt(load(x + i), splat(0))));
  for (; i < size; i++) gx[i] = x[i] > 0 ? gy[i] : 0;
}
