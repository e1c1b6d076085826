/* The gradient of rows chosen by an index. */
#pragma once

#include "vector.h"

/* gx (rows, width), zero at first, gets the sum of the rows of gy (count, width) at the row that each index names,
 * counted from the end where it is negative. Returns 0 where an index is out of bounds. */
EXPORT int rows_grad(float *gx, const float *gy, const int *index, int rows, int count, int width) {
  for (int n = 0; n < count; n++, gy += width) {
    int row = index[n] < 0 ? index[n] + rows : index[n], i = 0;
    if (row < 0 || row >= rows) return 0;
    float *sum = gx + row * width;
    for (; i + 4 <= width; i += 4) store(sum + i, add(load(sum + i), load(gy + i)));
    for (; i < width; i++) sum[i] += gy[i];
  }
  return 1;
}
