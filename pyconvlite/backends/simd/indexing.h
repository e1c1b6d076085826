/* The gradient of rows chosen by an index. */
#pragma once

#include "reduction.h"

/* gx (rows, width), zero at first, gets the sum of the rows of gy (count, width) at the row that each index names,
 * counted from the end where it is negative. Returns 0 where an index is out of bounds. */
EXPORT int rows_grad(float *gx, const float *gy, const int *index, int rows, int count, int width) {
  for (int n = 0; n < count; n++, gy += width) {
    int row = index[n] < 0 ? index[n] + rows : index[n];
    if (row < 0 || row >= rows) return 0;
    add_into(gx + row * width, gy, width);
  }
  return 1;
}
