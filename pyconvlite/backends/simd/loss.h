/* Softmax cross entropy. */
#pragma once

#include "softmax.h"

INLINE int labels_fit(const int32_t *labels, int count, int classes) {
  for (int i = 0; i < count; i++)
    if (labels[i] < 0 || labels[i] >= classes) return 0;
  return 1;
}

/* The mean, over n and s, of log(sum of exp(x)) - x[label], for x (N, classes, S) and labels (N, S), and its gradient
 * gx = (softmax(x) - one_hot(label)) / (N S). Returns 0 if a label is out of range. */
EXPORT int softmax_cross_entropy(float *mean, float *gx, const float *x, const int32_t *labels, int N, int classes,
                                 int S) {
  if (!labels_fit(labels, N * S, classes)) return 0;
  Line line = line_of(classes, S);
  float scale = 1 / (float)(N * S);
  double loss = 0;
  for (int n = 0; n < N; n++, x += classes * S, gx += classes * S, labels += S) {
    for (int s = 0, next = 0; next < S; s = max_int(0, min_int(next, S - 4))) { /* the last four overlap */
      float largest[4], log[4], shares[4], of_label[4];
      int stop = min_int(s + 4, S);
      f4 most = largest_of(x + s, line), sums = exponentials(gx + s, x + s, line, most);
      f4 share = divide(splat(1), sums);
      store(largest, most);
      store(log, log_of(sums));
      store(shares, share);
      for (int i = s; i < stop; i++) of_label[i - s] = (gx[labels[i] * S + i] * shares[i - s] - 1) * scale;
      scale_line(gx + s, line, mul(share, splat(scale)));
      for (int i = s; i < stop; i++) gx[labels[i] * S + i] = of_label[i - s];
      for (; next < stop; next++)
        loss += (double)log[next - s] - ((double)x[labels[next] * S + next] - (double)largest[next - s]);
    }
  }
  *mean = (float)(loss / ((double)N * S));
  return 1;
}
