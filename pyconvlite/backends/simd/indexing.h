/* The gradient of rows chosen by an index. */
#pragma once

#include "reduction.h"

/* Add each row of gy (count, width) to the row of gx (rows, width), zero at first, that its index names, counted from
 * the end if it is negative. Returns 0 if an index is out of bounds. */
EXPORT int rows_grad(float *gx, const float *gy, const int *index, int rows, int count, int width) {
  for (int n = 0; n < count; n++, gy += width) {
    int row = index[n] < 0 ? index[n] + rows : index[n];
    if (row < 0 || row >= rows) return 0;
    add_into(gx + row * width, gy, width);
  }
  return 1;
}
