/* Sums, means, maxima and minima over any axes of a contiguous array. */
#pragma once

#include "vector.h"

/* Sum of a row, to nearly double precision: only short sums are in floats. */
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

/* The largest of a row, NaN if one is NaN. */
static double max_row(const float *x, int size) {
  f4 a = splat(x[0]), b = a;
  int i = 0;
  for (; i + 8 <= size; i += 8) a = wasm_f32x4_max(a, load(x + i)), b = wasm_f32x4_max(b, load(x + i + 4));
  for (; i < size; i++) a = wasm_f32x4_max(a, splat(x[i]));
  a = wasm_f32x4_max(a, b);
  a = wasm_f32x4_max(a, wasm_i32x4_shuffle(a, a, 2, 3, 0, 1));
  return (double)wasm_f32x4_extract_lane(wasm_f32x4_max(a, wasm_i32x4_shuffle(a, a, 1, 0, 3, 2)), 0);
}

static double min_row(const float *x, int size) {
  f4 a = splat(x[0]), b = a;
  int i = 0;
  for (; i + 8 <= size; i += 8) a = wasm_f32x4_min(a, load(x + i)), b = wasm_f32x4_min(b, load(x + i + 4));
  for (; i < size; i++) a = wasm_f32x4_min(a, splat(x[i]));
  a = wasm_f32x4_min(a, b);
  a = wasm_f32x4_min(a, wasm_i32x4_shuffle(a, a, 2, 3, 0, 1));
  return (double)wasm_f32x4_extract_lane(wasm_f32x4_min(a, wasm_i32x4_shuffle(a, a, 1, 0, 3, 2)), 0);
}

/* Not a table of functions: a module with relocated data loads in fewer engines. */
typedef enum { SUM, MEAN, MAX, MIN } Reduction;

static double of_row(Reduction kind, const float *x, int size) {
  return kind == MAX ? max_row(x, size) : kind == MIN ? min_row(x, size) : sum_row(x, size);
}

/* NaN stays: nothing is greater or less than it. */
static double of_two(Reduction kind, double a, double b) {
  if (kind == MAX) return b > a || b != b ? b : a;
  if (kind == MIN) return b < a || b != b ? b : a;
  return a + b;
}

/* Defines name, which combines each element of x with that of y, in y. */
#define DEFINE_INTO(name, combine)                                                             \
  static void name(float *y, const float *x, int size) {                                       \
    int i = 0;                                                                                 \
    for (; i + 4 <= size; i += 4) store(y + i, combine(load(y + i), load(x + i)));             \
    for (; i < size; i++) wasm_v128_store32_lane(y + i, combine(splat(y[i]), splat(x[i])), 0); \
  }

DEFINE_INTO(add_into, add)
DEFINE_INTO(max_into, wasm_f32x4_max)
DEFINE_INTO(min_into, wasm_f32x4_min)

static void into(Reduction kind, float *y, const float *x, int size) {
  if (kind == MAX)
    max_into(y, x, size);
  else if (kind == MIN)
    min_into(y, x, size);
  else
    add_into(y, x, size);
}

/* Floats that are added up before their sum is added to a total in double precision. */
enum { ADDED = 64, COLUMNS = 256 };

/* The axes of x, alternately kept and reduced; adjacent axes of one kind are merged. */
typedef struct {
  int axes, sizes[8], reduced[8];
} Nest;

/* Add an axis after the others. */
static void add_axis(Nest *nest, int size, int reduced) {
  int n = nest->axes;
  if (size == 1) return;
  if (n && nest->reduced[n - 1] == reduced) {
    nest->sizes[n - 1] *= size;
    return;
  }
  nest->sizes[n] = size;
  nest->reduced[n] = reduced;
  nest->axes++;
}

/* Some of the axes, and where in x the current index of each lies. */
typedef struct {
  int axes, sizes[8], strides[8], indexes[8];
} Places;

static Places places_of(const Nest *nest, int reduced) {
  Places places = {0};
  int stride = nest->sizes[nest->axes - 1];
  for (int axis = nest->axes - 2; axis >= 0; axis--) { /* the last axis is a row */
    if (nest->reduced[axis] == reduced) {
      places.sizes[places.axes] = nest->sizes[axis];
      places.strides[places.axes++] = stride;
    }
    stride *= nest->sizes[axis];
  }
  return places;
}

/* Go on to the next place: NULL after the last one, where the indexes are 0 again. */
static const float *next_place(Places *places, const float *x) {
  for (int i = 0; i < places->axes; i++) {
    if (++places->indexes[i] < places->sizes[i]) return x + places->strides[i];
    x -= places->strides[i] * (places->sizes[i] - 1);
    places->indexes[i] = 0;
  }
  return 0;
}

/* Sums of columns, to nearly double precision as in `sum_row`. */
static void sum_columns(float *y, const float *x, int size, Places *rows) {
  for (int start = 0; start < size; start += COLUMNS) {
    int width = min_int(COLUMNS, size - start);
    double totals[COLUMNS] = {0};
    for (const float *row = x + start; row;) {
      float sums[COLUMNS] = {0};
      for (int n = 0; row && n < ADDED; n++, row = next_place(rows, row)) add_into(sums, row, width);
      for (int i = 0; i < width; i++) totals[i] += (double)sums[i];
    }
    for (int i = 0; i < width; i++) y[start + i] = (float)totals[i];
  }
}

static void reduce(float *y, const float *x, Nest *nest, Reduction kind) {
  if (!nest->axes) *nest = (Nest){1, {1}, {1}}; /* one element */
  Places kept = places_of(nest, 0), reduced = places_of(nest, 1);
  int last = nest->axes - 1, size = nest->sizes[last];
  double count = 1;
  for (int axis = 0; axis < nest->axes; axis++) count *= nest->reduced[axis] ? nest->sizes[axis] : 1;
  for (; x; x = next_place(&kept, x)) {
    const float *from = x;
    if (nest->reduced[last]) {
      double total = of_row(kind, from, size);
      while ((from = next_place(&reduced, from))) total = of_two(kind, total, of_row(kind, from, size));
      *y++ = (float)(kind == MEAN ? total / count : total);
      continue;
    }
    if (kind <= MEAN && count > ADDED) {
      sum_columns(y, from, size, &reduced);
    } else {
      for (int i = 0; i < size; i++) y[i] = from[i];
      while ((from = next_place(&reduced, from))) into(kind, y, from, size);
    }
    for (int i = 0; i < size && kind == MEAN; i++) y[i] /= (float)count;
    y += size;
  }
}
