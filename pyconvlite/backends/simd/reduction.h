/* Sums over all axes but one: an array x (outer, C, inner) has its channels on the middle axis, such as N, C, H * W. */
#pragma once

#include "vector.h"

/* Sum of a row, to nearly double precision: floats are added up for a short way only. */
SHARED double sum_row(const float *x, int size) {
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
