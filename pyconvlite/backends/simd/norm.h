/* Normalization: of the channels of x (outer, C, inner), and of rows. */
#pragma once

#include "reduction.h"

/* The mean is mean + rest: of data far from 0, one float32 would be rounded by more than the standard deviation. */
typedef struct {
  float mean, rest, var;
} Moments;

INLINE f4 centred(const float *x, Moments m) { return sub(sub(load(x), splat(m.mean)), splat(m.rest)); }
INLINE float centred_one(const float *x, Moments m) { return *x - m.mean - m.rest; }

/* Of a row, the sum of a * (x - mean), to nearly double precision as in sum_row. */
SHARED double products_row(const float *a, const float *x, Moments m, int size) {
  double total = 0;
  int i = 0;
  while (i + 8 <= size) {
    f4 sums = splat(0), others = sums;
    for (int stop = min_int(size - 7, i + 512); i < stop; i += 8) {
      sums = madd(load(a + i), centred(x + i, m), sums);
      others = madd(load(a + i + 4), centred(x + i + 4, m), others);
    }
    total += (double)sum_of(add(sums, others));
  }
  for (; i < size; i++) total += (double)(a[i] * centred_one(x + i, m));
  return total;
}

/* Of a row, adds to the sums of x - mean and of (x - mean)^2. */
SHARED void deviations_row(double sums[2], const float *x, float mean, int size) {
  f4 m = splat(mean);
  int i = 0;
  while (i + 8 <= size) {
    f4 d_sums = splat(0), e_sums = d_sums, d_squares = d_sums, e_squares = d_sums;
    for (int stop = min_int(size - 7, i + 512); i < stop; i += 8) {
      f4 d = sub(load(x + i), m), e = sub(load(x + i + 4), m);
      d_sums = add(d_sums, d), d_squares = madd(d, d, d_squares);
      e_sums = add(e_sums, e), e_squares = madd(e, e, e_squares);
    }
    sums[0] += (double)sum_of(add(d_sums, e_sums));
    sums[1] += (double)sum_of(add(d_squares, e_squares));
  }
  for (; i < size; i++) {
    float d = x[i] - mean;
    sums[0] += (double)d, sums[1] += (double)(d * d);
  }
}

SHARED Moments moments(const float *x, int outer, int C, int inner, int c) {
  double sum = 0, sums[2] = {0, 0}, count = (double)outer * inner;
  for (int n = 0; n < outer; n++) sum += sum_row(x + (n * C + c) * inner, inner);
  float mean = (float)(sum / count);
  for (int n = 0; n < outer; n++) deviations_row(sums, x + (n * C + c) * inner, mean, inner);
  double rest = sums[0] / count;
  if (rest != rest) rest = 0; /* as of an infinite element */
  double var = sums[1] / count - rest * rest;
  return (Moments){mean, (float)rest, var < 0 ? 0 : (float)var};
}

/* (x - mean) * scale + shift */
SHARED void shift_row(float *y, const float *x, Moments m, float scale, float shift, int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) store(y + i, madd(centred(x + i, m), splat(scale), splat(shift)));
  for (; i < size; i++) y[i] = centred_one(x + i, m) * scale + shift;
}

/* y = (x - mean) * scale + shift, of each channel. */
EXPORT void scale_channels(float *y, const float *x, const float *mean, const float *scale, const float *shift,
                           int outer, int C, int inner) {
  if (inner == 1)
    for (int n = 0; n < outer; n++, x += C, y += C)
      for (int c = 0; c < C; c += 4) {
        f4 rest = sub(some(x + c, C - c), some(mean + c, C - c));
        put_some(y + c, madd(rest, some(scale + c, C - c), some(shift + c, C - c)), C - c);
      }
  else
    for (int n = 0; n < outer; n++)
      for (int c = 0; c < C; c++, x += inner, y += inner)
        shift_row(y, x, (Moments){mean[c], 0, 0}, scale[c], shift[c], inner);
}

/* ------------------------------------------------ batch normalization where inner is 1: of the columns of a matrix */

/* Adjacent vectors of columns: a cache line. */
enum { BESIDE = 4 };

typedef struct {
  f4 low, high; /* of two doubles each */
} Doubles;

INLINE void add_to(Doubles *total, f4 sums) {
  total->low = wasm_f64x2_add(total->low, wasm_f64x2_promote_low_f32x4(sums));
  total->high = wasm_f64x2_add(total->high, wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(sums, sums, 2, 3, 2, 3)));
}

INLINE f4 divided(Doubles total, int count) {
  f4 by = wasm_f64x2_splat((double)count);
  f4 low = wasm_f32x4_demote_f64x2_zero(wasm_f64x2_div(total.low, by));
  f4 high = wasm_f32x4_demote_f64x2_zero(wasm_f64x2_div(total.high, by));
  return wasm_i32x4_shuffle(low, high, 0, 1, 4, 5);
}

typedef struct {
  f4 mean, rest, var; /* as in Moments */
} ColumnMoments;

INLINE f4 centred_columns(f4 x, ColumnMoments m) { return sub(sub(x, m.mean), m.rest); }

/* Adds up, for each vector of columns, a and a * b of all rows to nearly double precision: of a row, b is x without the
 * mean, and a is gy or, where that is missing, b. */
static void sum_rows(Doubles *a_total, Doubles *product_total, const float *x, const ColumnMoments *m, const float *gy,
                     int rows, int C, int columns) {
  for (int n = 0; n < rows;) {
    f4 sums[BESIDE] = {0}, products[BESIDE] = {0};
    for (int stop = min_int(rows, n + ADDED); n < stop; n++)
      for (int k = 0, left = columns; left > 0; k++, left -= 4) {
        f4 d = centred_columns(some(x + n * C + 4 * k, left), m[k]), g = gy ? some(gy + n * C + 4 * k, left) : d;
        sums[k] = add(sums[k], g), products[k] = madd(g, d, products[k]);
      }
    for (int k = 0; k < BESIDE; k++) add_to(a_total + k, sums[k]), add_to(product_total + k, products[k]);
  }
}

static void column_moments(ColumnMoments *m, const float *x, int rows, int C, int columns) {
  Doubles sums[BESIDE] = {0}, rests[BESIDE] = {0}, squares[BESIDE] = {0};
  for (int k = 0; k < BESIDE; k++) m[k] = (ColumnMoments){splat(0), splat(0), splat(0)};
  sum_rows(sums, squares, x, m, 0, rows, C, columns);
  for (int k = 0; k < BESIDE; k++) m[k].mean = divided(sums[k], rows), squares[k] = (Doubles){0};
  sum_rows(rests, squares, x, m, 0, rows, C, columns);
  for (int k = 0; k < BESIDE; k++) {
    f4 rest = divided(rests[k], rows);
    m[k].rest = wasm_v128_and(rest, wasm_f32x4_eq(rest, rest)); /* not NaN, as of an infinite element */
    m[k].var = positive(sub(divided(squares[k], rows), mul(m[k].rest, m[k].rest)));
  }
}

INLINE f4 inverse_deviation(ColumnMoments m, float eps) {
  return wasm_f32x4_div(splat(1), wasm_f32x4_sqrt(add(m.var, splat(eps))));
}

static void batch_norm_columns(float *y, float *mean, float *var, const float *x, const float *gamma, const float *beta,
                               float eps, int rows, int C) {
  ColumnMoments m[BESIDE];
  f4 scale[BESIDE], shift[BESIDE];
  for (int c = 0; c < C; c += 4 * BESIDE) {
    int columns = min_int(4 * BESIDE, C - c);
    column_moments(m, x + c, rows, C, columns);
    for (int k = 0, i = c, left = columns; left > 0; k++, i += 4, left -= 4) {
      put_some(mean + i, add(m[k].mean, m[k].rest), left), put_some(var + i, m[k].var, left);
      scale[k] = mul(some(gamma + i, left), inverse_deviation(m[k], eps)), shift[k] = some(beta + i, left);
    }
    for (int n = 0; n < rows; n++)
      for (int k = 0, i = n * C + c, left = columns; left > 0; k++, i += 4, left -= 4)
        put_some(y + i, madd(centred_columns(some(x + i, left), m[k]), scale[k], shift[k]), left);
  }
}

static void batch_norm_columns_grad(float *gx, float *ggamma, float *gbeta, const float *x, const float *gamma,
                                    const float *gy, float eps, int rows, int C) {
  ColumnMoments m[BESIDE];
  f4 scale[BESIDE], shift[BESIDE], slope[BESIDE];
  for (int c = 0; c < C; c += 4 * BESIDE) {
    int columns = min_int(4 * BESIDE, C - c);
    Doubles sums[BESIDE] = {0}, products[BESIDE] = {0};
    column_moments(m, x + c, rows, C, columns);
    sum_rows(sums, products, x + c, m, gy + c, rows, C, columns);
    for (int k = 0, i = c, left = columns; left > 0; k++, i += 4, left -= 4) {
      f4 inverse = inverse_deviation(m[k], eps);
      put_some(gbeta + i, divided(sums[k], 1), left), put_some(ggamma + i, mul(divided(products[k], 1), inverse), left);
      scale[k] = mul(some(gamma + i, left), inverse), shift[k] = divided(sums[k], rows);
      slope[k] = mul(divided(products[k], rows), mul(inverse, inverse));
    }
    for (int n = 0; n < rows; n++)
      for (int k = 0, i = n * C + c, left = columns; left > 0; k++, i += 4, left -= 4) {
        f4 rest = sub(some(gy + i, left), shift[k]), d = centred_columns(some(x + i, left), m[k]);
        put_some(gx + i, mul(sub(rest, mul(d, slope[k])), scale[k]), left);
      }
  }
}

/* ------------------------------------------------------------------------------------- batch normalization of any x */

/* y = gamma * (x - mean) / sqrt(var + eps) + beta, with the mean and the variance of each channel. */
EXPORT void batch_norm(float *y, float *mean, float *var, const float *x, const float *gamma, const float *beta,
                       float eps, int outer, int C, int inner) {
  if (inner == 1) {
    batch_norm_columns(y, mean, var, x, gamma, beta, eps, outer, C);
    return;
  }
  for (int c = 0; c < C; c++) {
    Moments m = moments(x, outer, C, inner, c);
    mean[c] = m.mean + m.rest, var[c] = m.var;
    float scale = gamma[c] / __builtin_sqrtf(m.var + eps);
    for (int n = 0; n < outer; n++) {
      int start = (n * C + c) * inner;
      shift_row(y + start, x + start, m, scale, beta[c], inner);
    }
  }
}

/* gx = (gamma * gy - shift - (x - mean) * slope) * scale of a row. */
SHARED void gx_row(float *gx, const float *x, const float *gy, Moments m, float gamma, float shift, float slope,
                   float scale, int size) {
  int i = 0;
  for (; i + 4 <= size; i += 4) {
    f4 rest = sub(mul(load(gy + i), splat(gamma)), splat(shift));
    store(gx + i, mul(sub(rest, mul(centred(x + i, m), splat(slope))), splat(scale)));
  }
  for (; i < size; i++) gx[i] = (gamma * gy[i] - shift - centred_one(x + i, m) * slope) * scale;
}

/* The gradients of batch_norm's y with respect to x, gamma and beta. */
EXPORT void batch_norm_grad(float *gx, float *ggamma, float *gbeta, const float *x, const float *gamma, const float *gy,
                            float eps, int outer, int C, int inner) {
  if (inner == 1) {
    batch_norm_columns_grad(gx, ggamma, gbeta, x, gamma, gy, eps, outer, C);
    return;
  }
  float count = (float)outer * (float)inner;
  for (int c = 0; c < C; c++) {
    Moments m = moments(x, outer, C, inner, c);
    float inverse = 1 / __builtin_sqrtf(m.var + eps);
    double sum = 0, product = 0;
    for (int n = 0; n < outer; n++) {
      const float *from = x + (n * C + c) * inner, *g = gy + (n * C + c) * inner;
      sum += sum_row(g, inner);
      product += products_row(g, from, m, inner);
    }
    gbeta[c] = (float)sum;
    ggamma[c] = (float)product * inverse;
    /* gx = (gy - gbeta / count - (x - mean) * inverse * ggamma / count) * inverse * gamma */
    float shift = gbeta[c] / count, slope = ggamma[c] / count * inverse, scale = inverse * gamma[c];
    for (int n = 0; n < outer; n++) {
      int start = (n * C + c) * inner;
      gx_row(gx + start, x + start, gy + start, m, 1, shift, slope, scale, inner);
    }
  }
}

/* y = gamma * (x - mean) / sqrt(var + eps) + beta of each row of x (rows, K, S), with the mean and the variance of
 * the row; gamma and beta (parts, K) are repeated every `parts` rows. */
EXPORT void row_norm(float *y, const float *x, const float *gamma, const float *beta, float eps, int rows, int parts,
                     int K, int S) {
  int size = K * S;
  for (int r = 0; r < rows; r++) {
    const float *scale = gamma + r % parts * K, *shift = beta + r % parts * K;
    Moments m = moments(x, 1, 1, size, 0);
    float inverse = 1 / __builtin_sqrtf(m.var + eps);
    if (S == 1) {
      int k = 0;
      for (; k + 4 <= K; k += 4) {
        f4 standard = mul(centred(x + k, m), splat(inverse));
        store(y + k, madd(standard, load(scale + k), load(shift + k)));
      }
      for (; k < K; k++) y[k] = centred_one(x + k, m) * inverse * scale[k] + shift[k];
    } else
      for (int k = 0; k < K; k++) shift_row(y + k * S, x + k * S, m, inverse * scale[k], shift[k], S);
    x += size, y += size;
  }
}

/* Of a row in which each element has its own gamma: adds to the gradients of gamma and beta; the sums of
 * gamma * gy, alone and times x - mean. */
INLINE void sum_own(double sums[2], float *ggamma, float *gbeta, const float *x, const float *gamma, const float *gy,
                    Moments m, float inverse, int K) {
  int k = 0;
  while (k + 4 <= K) {
    f4 sum = splat(0), product = sum;
    for (int stop = min_int(K - 3, k + 256); k < stop; k += 4) {
      f4 g = load(gy + k), d = centred(x + k, m), scaled = mul(g, load(gamma + k));
      sum = add(sum, scaled);
      product = madd(scaled, d, product);
      store(ggamma + k, madd(mul(g, d), splat(inverse), load(ggamma + k)));
      store(gbeta + k, add(g, load(gbeta + k)));
    }
    sums[0] += (double)sum_of(sum), sums[1] += (double)sum_of(product);
  }
  for (; k < K; k++) {
    float scaled = gamma[k] * gy[k], d = centred_one(x + k, m);
    sums[0] += (double)scaled, sums[1] += (double)(scaled * d);
    ggamma[k] += gy[k] * d * inverse;
    gbeta[k] += gy[k];
  }
}

/* The gradients of row_norm's y with respect to x, gamma and beta. */
EXPORT void row_norm_grad(float *gx, float *ggamma, float *gbeta, const float *x, const float *gamma, const float *gy,
                          float eps, int rows, int parts, int K, int S) {
  int size = K * S;
  for (int k = 0; k < parts * K; k++) ggamma[k] = gbeta[k] = 0;
  for (int r = 0; r < rows; r++) {
    int at = r % parts * K;
    const float *scale = gamma + at;
    Moments m = moments(x, 1, 1, size, 0);
    float inverse = 1 / __builtin_sqrtf(m.var + eps);
    double sums[2] = {0, 0};
    if (S == 1)
      sum_own(sums, ggamma + at, gbeta + at, x, scale, gy, m, inverse, K);
    else
      for (int k = 0; k < K; k++) {
        double of_gy = sum_row(gy + k * S, S), of_both = products_row(gy + k * S, x + k * S, m, S);
        ggamma[at + k] += (float)of_both * inverse;
        gbeta[at + k] += (float)of_gy;
        sums[0] += of_gy * (double)scale[k], sums[1] += of_both * (double)scale[k];
      }
    /* gx = (gamma * gy - sums[0] / size - (x - mean) * inverse^2 * sums[1] / size) * inverse */
    float shift = (float)(sums[0] / size), slope = (float)(sums[1] / size) * inverse * inverse;
    if (S == 1) {
      int k = 0;
      for (; k + 4 <= K; k += 4) {
        f4 rest = sub(mul(load(scale + k), load(gy + k)), splat(shift));
        store(gx + k, mul(sub(rest, mul(centred(x + k, m), splat(slope))), splat(inverse)));
      }
      for (; k < K; k++) gx[k] = (scale[k] * gy[k] - shift - centred_one(x + k, m) * slope) * inverse;
    } else
      for (int k = 0; k < K; k++) gx_row(gx + k * S, x + k * S, gy + k * S, m, scale[k], shift, slope, inverse, S);
    x += size, gy += size, gx += size;
  }
}
