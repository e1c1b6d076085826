#include "conv2d.h"
#include "dropout.h"
#include "indexing.h"
#include "loss.h"
#include "matmul.h"
#include "norm.h"
#include "objects.h"
#include "optimizer.h"
#include "pooling.h"
#include "recurrent.h"
#include "softmax.h"

/* For measuring the peak rate of multiply-adds: `rounds` times 48 of them on registers. */
EXPORT float ceiling(int rounds) {
  f4 x = splat(0.999f), y = splat(0.001f), a[12];
  for (int i = 0; i < 12; i++) a[i] = splat((float)i);
  for (int n = 0; n < rounds; n++)
#pragma clang loop unroll(full)
    for (int i = 0; i < 12; i++) a[i] = madd(a[i], x, y);
  f4 total = splat(0);
  for (int i = 0; i < 12; i++) total = add(total, a[i]);
  return sum_of(total);
}
