/* Softmax cross entropy. */
#pragma once

#include "elementary.h"

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
    total += (double)sum_of(exp_of(sub(some_scores(x + i, classes - i), splat(most))));
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
      store(lanes, mul(exp_of(sub(some_scores(x + i, classes - i), splat(largest))), splat(share)));
      for (int j = i; j < min_int(i + 4, classes); j++) gx[j] = (lanes[j - i] - (j == labels[n])) * scale;
    }
  }
  return 1;
}
