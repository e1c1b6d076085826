/* Softmax of x (outer, C, inner) along its middle axis, or its logarithm, and their gradients.
 *
 * Four elements at a time: if inner is 1, four along C, whose results are joined; otherwise four along inner, each with
 * a result of its own. Either is a line of vectors.
 */
#pragma once

#include "elementary.h"

typedef struct {
  int vectors, distance; /* whole ones, and floats from one to the next */
  int rest;              /* elements of a last vector that is not whole */
  int joined;            /* whether the lanes are elements of one row */
} Line;

INLINE Line line_of(int C, int inner) { return inner == 1 ? (Line){C / 4, 4, C % 4, 1} : (Line){C, inner, 0, 0}; }

/* The last elements, and minus infinity, whose exponential is 0, for the missing ones. */
INLINE f4 last_scores(const float *p, int count) {
  f4 there = wasm_i32x4_gt(wasm_i32x4_splat(count), wasm_i32x4_make(0, 1, 2, 3));
  return choose(there, tail(p, count), splat(-__builtin_inff()));
}

/* The largest element of a line, other than NaN. */
INLINE f4 largest_of(const float *x, Line line) {
  f4 most = splat(-__builtin_inff());
  for (int k = 0; k < line.vectors; k++, x += line.distance) most = wasm_f32x4_pmax(most, load(x));
  if (line.rest) most = wasm_f32x4_pmax(most, last_scores(x, line.rest));
  if (line.joined) {
    most = wasm_f32x4_pmax(most, wasm_i32x4_shuffle(most, most, 2, 3, 0, 1));
    most = wasm_f32x4_pmax(most, wasm_i32x4_shuffle(most, most, 1, 0, 3, 2));
  }
  return most;
}

INLINE f4 joined(f4 sums, Line line) { return line.joined ? splat(sum_of(sums)) : sums; }

/* Vectors that are summed before their sum is added to the total, to keep the rounding error of long lines small. */
enum { SUMMED = 256 };

/* Store exp(x - largest) of a line in y, unless that is NULL; return the sum. */
SHARED f4 exponentials(float *y, const float *x, Line line, f4 largest) {
  f4 total = splat(0);
  float unused[4];
  int distance = y ? line.distance : 0;
  if (!y) y = unused;
  for (int k = 0; k < line.vectors;) {
    f4 sum = splat(0);
    for (int stop = min_int(line.vectors, k + SUMMED); k < stop; k++, x += line.distance, y += distance) {
      f4 e = exp_of_negative(sub(load(x), largest), 0);
      sum = add(sum, e);
      store(y, e);
    }
    total = add(total, sum);
  }
  if (line.rest) {
    f4 e = exp_of_negative(sub(last_scores(x, line.rest), largest), 0);
    total = add(total, e);
    put_tail(y, e, line.rest);
  }
  return joined(total, line);
}

INLINE void scale_line(float *y, Line line, f4 factor) {
  for (int k = 0; k < line.vectors; k++, y += line.distance) store(y, mul(load(y), factor));
  for (int i = 0; i < line.rest; i++) y[i] *= wasm_f32x4_extract_lane(factor, 0);
}

SHARED void softmax_line(float *y, const float *x, Line line) {
  scale_line(y, line, divide(splat(1), exponentials(y, x, line, largest_of(x, line))));
}

SHARED void log_softmax_line(float *y, const float *x, Line line) {
  f4 largest = largest_of(x, line), rest = log_of(exponentials(0, x, line, largest));
  for (int k = 0; k < line.vectors; k++, x += line.distance, y += line.distance)
    store(y, sub(sub(load(x), largest), rest));
  if (line.rest) put_tail(y, sub(sub(tail(x, line.rest), largest), rest), line.rest);
}

INLINE f4 softmax_gx(f4 y, f4 gy, f4 total) { return mul(y, sub(gy, total)); }
INLINE f4 log_softmax_gx(f4 y, f4 gy, f4 total) { return sub(gy, mul(exp_of(y), total)); }

/* gx of a line, with the total of y * gy, or of gy. */
#define DEFINE_GRAD(name, term)                                                                   \
  SHARED void name##_line(float *gx, const float *y, const float *gy, Line line) {                \
    f4 total = splat(0), sum = total;                                                             \
    const float *v = y, *g = gy;                                                                  \
    for (int k = 0; k < line.vectors; total = add(total, sum), sum = splat(0))                    \
      for (int stop = min_int(line.vectors, k + SUMMED); k < stop; k++) {                         \
        f4 b = load(g), a = load(v);                                                              \
        sum = term;                                                                               \
        v += line.distance, g += line.distance;                                                   \
      }                                                                                           \
    if (line.rest) {                                                                              \
      f4 b = tail(g, line.rest), a = tail(v, line.rest);                                          \
      sum = term;                                                                                 \
    }                                                                                             \
    total = joined(add(total, sum), line);                                                        \
    for (int k = 0; k < line.vectors; k++) {                                                      \
      store(gx, name(load(y), load(gy), total));                                                  \
      gx += line.distance, y += line.distance, gy += line.distance;                               \
    }                                                                                             \
    if (line.rest) put_tail(gx, name(tail(y, line.rest), tail(gy, line.rest), total), line.rest); \
  }
DEFINE_GRAD(softmax_gx, madd(a, b, sum))
DEFINE_GRAD(log_softmax_gx, ((void)a, add(sum, b)))

/* Where inner is not 1 it is at least 4; the last vector may overlap the one before. */
#define EACH_LINE(i, inner) for (int i = 0;; i = min_int(i + 4, inner - 4))

EXPORT void softmax(float *y, const float *x, int outer, int C, int inner, int log) {
  Line line = line_of(C, inner);
  for (int n = 0; n < outer; n++, x += C * inner, y += C * inner) EACH_LINE(i, inner) {
      if (log)
        log_softmax_line(y + i, x + i, line);
      else
        softmax_line(y + i, x + i, line);
      if (i + 4 >= inner) break;
    }
}

EXPORT void softmax_grad(float *gx, const float *y, const float *gy, int outer, int C, int inner, int log) {
  Line line = line_of(C, inner);
  for (int n = 0; n < outer; n++, gx += C * inner, y += C * inner, gy += C * inner) EACH_LINE(i, inner) {
      if (log)
        log_softmax_gx_line(gx + i, y + i, gy + i, line);
      else
        softmax_gx_line(gx + i, y + i, gy + i, line);
      if (i + 4 >= inner) break;
    }
}
