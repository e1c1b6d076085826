/* Softmax cross entropy. */
#pragma once

#include "softmax.h"

INLINE int labels_fit(const int32_t *labels, int N, int classes) {
  for (int n = 0; n < N; n++)
    if (labels[n] < 0 || labels[n] >= classes) return 0;
  return 1;
}

/* Mean over the rows of x (N, classes) of log(sum of exp(x)) - x[label]. Returns 0 if a label is out of range. */
EXPORT int softmax_cross_entropy(float *mean, const float *x, const int32_t *labels, int N, int classes) {
  if (!labels_fit(labels, N, classes)) return 0;
  Line line = line_of(classes, 1);
  double loss = 0;
  for (int n = 0; n < N; n++, x += classes) {
    f4 largest = largest_of(x, line), log = log_of(exponentials(0, x, line, largest));
    double of_label = (double)x[labels[n]] - (double)wasm_f32x4_extract_lane(largest, 0);
    loss += (double)wasm_f32x4_extract_lane(log, 0) - of_label;
  }
  *mean = (float)(loss / N);
  return 1;
}

/* gx = (softmax(x) - one_hot(label)) * gy / N. Returns 0 if a label is out of range. */
EXPORT int softmax_cross_entropy_grad(float *gx, const float *x, const int32_t *labels, const float *gy, int N,
                                      int classes) {
  if (!labels_fit(labels, N, classes)) return 0;
  float scale = *gy / (float)N;
  Line line = line_of(classes, 1);
  for (int n = 0; n < N; n++, x += classes, gx += classes) {
    float share = 1 / wasm_f32x4_extract_lane(exponentials(gx, x, line, largest_of(x, line)), 0);
    float of_label = (gx[labels[n]] * share - 1) * scale;
    scale_line(gx, line, splat(share * scale));
    gx[labels[n]] = of_label;
  }
  return 1;
}
