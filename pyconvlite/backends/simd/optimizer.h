/* Updates of optimizers, element by element. */
#pragma once

#include "vector.h"

/* W - lr * gW */
EXPORT void sgd(float *new_W, const float *W, const float *gW, float lr, int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) store(new_W + i, sub(load(W + i), mul(load(gW + i), splat(lr))));
  for (; i < size; i++) new_W[i] = W[i] - lr * gW[i];
}

/* new_v = momentum * v - lr * gW;  W + new_v */
EXPORT void momentum_sgd(float *new_W, float *new_v, const float *W, const float *v, const float *gW, float lr,
                         float momentum, int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) {
    f4 velocity = sub(mul(load(v + i), splat(momentum)), mul(load(gW + i), splat(lr)));
    store(new_v + i, velocity);
    store(new_W + i, add(load(W + i), velocity));
  }
  for (; i < size; i++) {
    new_v[i] = momentum * v[i] - lr * gW[i];
    new_W[i] = W[i] + new_v[i];
  }
}

/* new_m = beta1 * m + rest1 * gW;  new_v = beta2 * v + rest2 * gW^2;
 * W - lr * new_m / (sqrt(new_v) + eps) - decay * W */
EXPORT void adam(float *new_W, float *new_m, float *new_v, const float *W, const float *m, const float *v,
                 const float *gW, float lr, float beta1, float rest1, float beta2, float rest2, float eps, float decay,
                 int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) {
    f4 g = load(gW + i);
    f4 mean = add(mul(load(m + i), splat(beta1)), mul(g, splat(rest1)));
    f4 square = add(mul(load(v + i), splat(beta2)), mul(mul(g, g), splat(rest2)));
    store(new_m + i, mean);
    store(new_v + i, square);
    f4 step = wasm_f32x4_div(mul(mean, splat(lr)), add(wasm_f32x4_sqrt(square), splat(eps)));
    store(new_W + i, sub(load(W + i), add(step, mul(load(W + i), splat(decay)))));
  }
  for (; i < size; i++) {
    new_m[i] = beta1 * m[i] + rest1 * gW[i];
    new_v[i] = beta2 * v[i] + rest2 * gW[i] * gW[i];
    new_W[i] = W[i] - (lr * new_m[i] / (__builtin_sqrtf(new_v[i]) + eps) + decay * W[i]);
  }
}
