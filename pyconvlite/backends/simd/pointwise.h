/* What goes over arrays once, element by element or channel by channel. Rows that no vector fills end in a loop of
 * single floats. An array x (outer, C, inner) has its channels on the middle axis: N, C, H * W. */
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

/* ------------------------------------------------------------------------------------------------- sums */

/* Sum of a row, to nearly double precision: floats are added up for a short way only. */
INLINE double sum_row(const float *x, int size) {
  double total = 0;
  int i = 0;
  while (i + 16 <= size) {
    f4 a = splat(0), b = a, c = a, d = a;
    for (int stop = min_int(size - 15, i + 1024); i < stop; i += 16) {
      a = add(a, load(x + i)), b = add(b, load(x + i + 4));
      c = add(c, load(x + i + 8)), d = add(d, load(x + i + 12));
    }
    total += (double)sum_of(add(add(a, b), add(c, d)));
  }
  for (; i < size; i++) total += (double)x[i];
  return total;
}

/* y[c] = sum of x (outer, C, inner) over both other axes. */
EXPORT void sum_channels(float *y, const float *x, int outer, int C, int inner) {
  if (inner == 1) {
    for (int c = 0; c < C; c++) y[c] = 0;
    for (int n = 0; n < outer; n++, x += C) {
      int c = 0;
      for (; c + 4 <= C; c += 4) store(y + c, add(load(y + c), load(x + c)));
      for (; c < C; c++) y[c] += x[c];
    }
    return;
  }
  for (int c = 0; c < C; c++) {
    double total = 0;
    for (int n = 0; n < outer; n++) total += sum_row(x + (n * C + c) * inner, inner);
    y[c] = (float)total;
  }
}

/* ------------------------------------------------------------------------------------------ normalization */

/* Of a row, the sum of a * (x - mean), to nearly double precision as in sum_row; where a is x, of (x - mean)^2. */
INLINE double products_row(const float *a, const float *x, float mean, int size) {
  double total = 0;
  f4 m = splat(mean);
  int i = 0;
  while (i + 4 <= size) {
    f4 sums = splat(0);
    for (int stop = min_int(size - 3, i + 256); i < stop; i += 4) {
      f4 d = sub(load(x + i), m);
      sums = madd(a == x ? d : load(a + i), d, sums);
    }
    total += (double)sum_of(sums);
  }
  for (; i < size; i++) total += (double)((a == x ? x[i] - mean : a[i]) * (x[i] - mean));
  return total;
}

static void moments(const float *x, int outer, int C, int inner, int c, float *mean, float *var) {
  double sum = 0, squares = 0, count = (double)outer * inner;
  for (int n = 0; n < outer; n++) sum += sum_row(x + (n * C + c) * inner, inner);
  *mean = (float)(sum / count);
  for (int n = 0; n < outer; n++) {
    const float *row = x + (n * C + c) * inner;
    squares += products_row(row, row, *mean, inner);
  }
  *var = (float)(squares / count);
}

/* y = gamma * (x - mean) / sqrt(var + eps) + beta, with the mean and the variance of each channel. */
EXPORT void batch_norm(float *y, float *mean, float *var, const float *x, const float *gamma, const float *beta,
                       float eps, int outer, int C, int inner) {
  for (int c = 0; c < C; c++) {
    moments(x, outer, C, inner, c, mean + c, var + c);
    float scale = gamma[c] / __builtin_sqrtf(var[c] + eps);
    for (int n = 0; n < outer; n++) {
      const float *from = x + (n * C + c) * inner;
      float *to = y + (n * C + c) * inner;
      int i = 0;
      for (; i + 4 <= inner; i += 4)
        store(to + i, madd(sub(load(from + i), splat(mean[c])), splat(scale), splat(beta[c])));
      for (; i < inner; i++) to[i] = (from[i] - mean[c]) * scale + beta[c];
    }
  }
}

/* The gradients of batch_norm's y with respect to x, gamma and beta. */
EXPORT void batch_norm_grad(float *gx, float *ggamma, float *gbeta, const float *x, const float *gamma, const float *gy,
                            float eps, int outer, int C, int inner) {
  float count = (float)outer * (float)inner;
  for (int c = 0; c < C; c++) {
    float mean, var;
    moments(x, outer, C, inner, c, &mean, &var);
    float inverse = 1 / __builtin_sqrtf(var + eps);
    double sum = 0, product = 0;
    for (int n = 0; n < outer; n++) {
      const float *from = x + (n * C + c) * inner, *g = gy + (n * C + c) * inner;
      sum += sum_row(g, inner);
      product += products_row(g, from, mean, inner);
    }
    gbeta[c] = (float)sum;
    ggamma[c] = (float)product * inverse;
    /* gx = (gy - gbeta / count - (x - mean) * inverse * ggamma / count) * inverse * gamma */
    float shift = gbeta[c] / count, slope = ggamma[c] / count * inverse, scale = inverse * gamma[c];
    for (int n = 0; n < outer; n++) {
      const float *from = x + (n * C + c) * inner, *g = gy + (n * C + c) * inner;
      float *to = gx + (n * C + c) * inner;
      int i = 0;
      for (; i + 4 <= inner; i += 4) {
        f4 centred = sub(load(from + i), splat(mean));
        f4 rest = sub(sub(load(g + i), splat(shift)), mul(centred, splat(slope)));
        store(to + i, mul(rest, splat(scale)));
      }
      for (; i < inner; i++) to[i] = (g[i] - shift - (from[i] - mean) * slope) * scale;
    }
  }
}

/* --------------------------------------------------------------------------------- softmax cross entropy */

/* e to the power of x, x <= 0, to a unit in the last place or two: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]
 * (the Taylor series up to the 7th power errs by 2e-8 there). */
INLINE f4 exponential(f4 x) {
  x = wasm_f32x4_max(x, splat(-104)); /* below, it is 0 in a float */
  f4 n = wasm_f32x4_nearest(mul(x, splat(1.44269504f)));
  f4 r = sub(sub(x, mul(n, splat(0.693359375f))), mul(n, splat(-2.12194440e-4f))); /* ln 2 in two parts */
  f4 p = splat(1.0f / 5040);
  p = madd(p, r, splat(1.0f / 720));
  p = madd(p, r, splat(1.0f / 120));
  p = madd(p, r, splat(1.0f / 24));
  p = madd(p, r, splat(1.0f / 6));
  p = madd(p, r, splat(0.5f));
  p = madd(p, r, splat(1));
  p = madd(p, r, splat(1));
  /* 2^n as a product of two, so that neither leaves the range of normal floats */
  f4 power = wasm_i32x4_trunc_sat_f32x4(n), half = wasm_i32x4_shr(power, 1), other = wasm_i32x4_sub(power, half);
  f4 bias = wasm_i32x4_splat(127);
  p = mul(p, wasm_i32x4_shl(wasm_i32x4_add(half, bias), 23));
  return mul(p, wasm_i32x4_shl(wasm_i32x4_add(other, bias), 23));
}

/* The natural logarithm of x >= 1: with m = x / 2^n in [0.7, 1.4], 2 artanh((m - 1) / (m + 1)) + n ln 2. */
INLINE double logarithm(double x) {
  int n = 0;
  while (x > 1.4142135623730951) x *= 0.5, n++;
  double z = (x - 1) / (x + 1), z2 = z * z, sum = 0;
  for (int k = 15; k > 0; k -= 2) sum = sum * z2 + 1.0 / k;
  return 2 * z * sum + n * 0.6931471805599453;
}

/* Up to four scores from x on; minus infinity, whose exponential is 0, for those that are too many. */
INLINE f4 some_scores(const float *x, int count) {
  if (count >= 4) return load(x);
  float lanes[4];
  for (int i = 0; i < 4; i++) lanes[i] = i < count ? x[i] : -__builtin_inff();
  return load(lanes);
}

/* The largest score, NaN if there is one, and the sum of exp(x - largest). */
INLINE double sum_of_exponentials(const float *x, int classes, float *largest) {
  float most = x[0];
  for (int i = 1; i < classes; i++) most = most == most && !(x[i] <= most) ? x[i] : most;
  *largest = most;
  double total = 0;
  for (int i = 0; i < classes; i += 4)
    total += (double)sum_of(exponential(sub(some_scores(x + i, classes - i), splat(most))));
  return total;
}

INLINE int labels_fit(const int32_t *labels, int N, int classes) {
  for (int n = 0; n < N; n++)
    if (labels[n] < 0 || labels[n] >= classes) return 0;
  return 1;
}

/* Mean over the rows of x (N, classes) of log(sum of exp(x)) - x[label]. Returns 0 if a label is out of range. */
EXPORT int softmax_cross_entropy(float *mean, const float *x, const int32_t *labels, int N, int classes) {
  if (!labels_fit(labels, N, classes)) return 0;
  double loss = 0;
  for (int n = 0; n < N; n++, x += classes) {
    float largest;
    double total = sum_of_exponentials(x, classes, &largest);
    /* NaN has no logarithm to look for */
    loss += (total == total ? logarithm(total) : total) - ((double)x[labels[n]] - (double)largest);
  }
  *mean = (float)(loss / N);
  return 1;
}

/* gx = (softmax(x) - one_hot(label)) * scale. Returns 0 if a label is out of range. */
EXPORT int softmax_cross_entropy_grad(float *gx, const float *x, const int32_t *labels, float scale, int N,
                                      int classes) {
  if (!labels_fit(labels, N, classes)) return 0;
  for (int n = 0; n < N; n++, x += classes, gx += classes) {
    float largest, lanes[4];
    float share = 1 / (float)sum_of_exponentials(x, classes, &largest);
    for (int i = 0; i < classes; i += 4) {
      store(lanes, mul(exponential(sub(some_scores(x + i, classes - i), splat(largest))), splat(share)));
      for (int j = i; j < min_int(i + 4, classes); j++) gx[j] = (lanes[j - i] - (j == labels[n])) * scale;
    }
  }
  return 1;
}

/* --------------------------------------------------------------------------------------------- optimizers */

/* W - lr * gW */
EXPORT void sgd(float *moved, const float *W, const float *gW, float lr, int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) store(moved + i, sub(load(W + i), mul(load(gW + i), splat(lr))));
  for (; i < size; i++) moved[i] = W[i] - lr * gW[i];
}

/* new_v = momentum * v - lr * gW;  W + new_v */
EXPORT void momentum_sgd(float *moved, float *new_v, const float *W, const float *v, const float *gW, float lr,
                         float momentum, int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) {
    f4 velocity = sub(mul(load(v + i), splat(momentum)), mul(load(gW + i), splat(lr)));
    store(new_v + i, velocity);
    store(moved + i, add(load(W + i), velocity));
  }
  for (; i < size; i++) {
    new_v[i] = momentum * v[i] - lr * gW[i];
    moved[i] = W[i] + new_v[i];
  }
}

/* new_m = beta1 * m + rest1 * gW;  new_v = beta2 * v + rest2 * gW^2;
 * W - lr * new_m / (sqrt(new_v) + eps) - decay * W */
EXPORT void adam(float *moved, float *new_m, float *new_v, const float *W, const float *m, const float *v,
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
    store(moved + i, sub(load(W + i), add(step, mul(load(W + i), splat(decay)))));
  }
  for (; i < size; i++) {
    new_m[i] = beta1 * m[i] + rest1 * gW[i];
    new_v[i] = beta2 * v[i] + rest2 * gW[i] * gW[i];
    moved[i] = W[i] - (lr * new_m[i] / (__builtin_sqrtf(new_v[i]) + eps) + decay * W[i]);
  }
}
