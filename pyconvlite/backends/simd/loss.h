/* Softmax cross entropy. */
#pragma once

#include "vector.h"

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
