/* Batch normalization of x (outer, C, inner) over all axes but C. */
#pragma once

#include "reduction.h"

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
