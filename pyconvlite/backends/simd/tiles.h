/* The transforms of Winograd's algorithm, which winograd.h describes: tiles of pixels, and kernels, to the points along
 * both axes, and products at the points to outputs.
 */
#pragma once

#include "convolution.h"

enum {
  P = 6,           /* points along an axis */
  PP = P * P,      /* points in all */
  WIDEST = P * KC, /* pixels along a block's rows of tiles: at most P of each tile */
  BETWEEN = 16     /* floats between points: at a power of two, all would share one set of the cache */
};

static float rows_at_points[P][WIDEST + 4], no_row[2 * WIDEST]; /* of zeros */
static Offsets point_row, point_column;

/* A tile's six pixels along an axis, at the points. */
INLINE void tile_at_points(const f4 x[P], f4 at[P]) {
  f4 p = sub(x[4], x[2]), q = sub(x[3], x[1]);
  at[0] = madd(splat(1.5f), q, madd(splat(-2), x[2], add(x[0], x[4])));
  at[1] = madd(splat(2.5f), x[3], madd(splat(0.5f), x[2], sub(x[4], x[1])));
  at[2] = madd(splat(0.5f), x[3], madd(splat(-2.5f), x[2], add(x[4], x[1])));
  at[3] = madd(splat(2), q, p);
  at[4] = madd(splat(-0.5f), q, p);
  at[5] = madd(splat(1.5f), p, madd(splat(-2), x[3], add(x[1], x[5])));
}

/* A kernel's r pixels along an axis, at the points. */
INLINE void kernel_at_points(const f4 *x, int r, f4 at[P]) {
  f4 even = x[0], odd = x[1], half = x[r - 1], minus_two = x[r - 1];
  for (int i = 2; i < r; i += 2) even = add(even, x[i]);
  for (int i = 3; i < r; i += 2) odd = add(odd, x[i]);
  for (int i = r - 2; i >= 0; i--) {
    half = madd(half, splat(0.5f), x[i]);
    minus_two = madd(minus_two, splat(-2), x[i]);
  }
  at[0] = x[0];
  at[1] = mul(add(odd, even), splat(1 / 3.0f));
  at[2] = mul(sub(odd, even), splat(1 / 3.0f));
  at[3] = mul(half, splat(-16 / 15.0f));
  at[4] = mul(minus_two, splat(1 / 15.0f));
  at[5] = x[r - 1];
}

/* The m outputs along an axis, of products at the points. */
INLINE void outputs_of(const f4 at[P], int m, f4 *y) {
  f4 sum = add(at[1], at[2]), difference = sub(at[1], at[2]);
  float half = 1, minus_two = 1;
  for (int i = 0; i < m; i++, half *= 0.5f, minus_two *= -2) {
    y[i] = madd(splat(half), at[3], madd(splat(minus_two), at[4], i % 2 ? difference : sum));
    if (i == 0) y[i] = add(y[i], at[0]);
    if (i == m - 1) y[i] = add(y[i], at[5]);
  }
}

/* Sizes of the work: r x r kernels, m x m outputs of a tile; `t` tiles of a block, in so many fours; `line` floats at
 * the points for a row of them. Of each point, channels lie `pitch` apart, whole panels of a product's columns; all of
 * the source's (or target's) are `source` (`target`) floats. */
typedef struct {
  const Windows *w;
  int r, m, t, fours, line, pitch, source, target;
} Tiles;

/* Of each tile: where it begins in the rows at the points and in the target, and how many rows and columns of it the
 * target has. */
static Offsets tile_source, tile_target, tile_rows, tile_columns, four_from;

/* Four tiles in a buffer of their own, for those that reach beyond the target. */
static const int tiles_apart[4] = {0, 16, 32, 48};

/* Whether the target has all pixels of four tiles. */
INLINE int four_whole(int t, Tiles k) {
  int whole = t + 4 <= k.t;
  for (int i = t; i < t + 4; i++) whole &= tile_rows[i] == k.m && tile_columns[i] == k.m;
  return whole;
}

/* Of a phase of the target. */
static Tiles tiles_of(const Windows *w, const Block *block, int r, int channels, int outputs, int v_phase,
                      int h_phase) {
  int rows = ceil_div(w->v.target - v_phase, w->v.phases), columns = ceil_div(w->h.target - h_phase, w->h.phases);
  int m = P + 1 - r, t = 0, pitch = ceil_div(block->pixels, NR) * NR, line = (block->columns - 1) * m + P;
  for (int n = 0; n < block->images; n++)
    for (int a = 0; a < block->rows; a++)
      for (int b = 0; b < block->columns; b++, t++) {
        int top = (block->row + a) * m, left = b * m;
        tile_source[t] = (n * block->rows + a) * line + left;
        tile_target[t] =
            ((block->n + n) * w->outputs * w->v.target + top * w->v.phases) * w->h.target + left * w->h.phases;
        tile_rows[t] = min_int(m, rows - top);
        tile_columns[t] = min_int(m, columns - left);
      }
  repeat_last(tile_source, t);
  repeat_last(tile_target, t);
  repeat_last(tile_rows, t);
  repeat_last(tile_columns, t);
  steps(point_row, KC, pitch);
  steps(point_column, pitch, 1);
  /* Tiles are taken four at a time, neighbours in a row where it has so many; the last four overlap the ones before. */
  int row = block->columns < 4 ? t : block->columns, fours = 0;
  for (int first = 0; first < t; first += row)
    for (int i = 0; i < row; i += 4) four_from[fours++] = first + max_int(0, min_int(i, row - 4));
  return (Tiles){w, r, m, t, fours, line, pitch, channels * pitch + BETWEEN, outputs * pitch + BETWEEN};
}

/* Whether four tiles are neighbours in a row. Where there are fewer, the last is repeated, and the ends alone may lie
 * as far apart as those of neighbours. */
INLINE int in_row(const int *four, int m) {
  return four[1] - four[0] == m && four[2] - four[1] == m && four[3] - four[2] == m;
}

/* The six pixels of four tiles of m, which follow each other in a row. */
INLINE void load_neighbours(const float *row, int m, f4 pixels[P]) {
  if (m == 2) {
    for (int j = 0; j < P; j++) pixels[j] = load_strided(row + j, 2);
    return;
  }
  for (int i = 0; i < 4; i++) pixels[i] = load(row + 4 * i);
  transpose(pixels);
  f4 next = wasm_v128_load64_zero(row + 16); /* a tile's last two pixels are the first of the next */
  pixels[4] = wasm_i32x4_shuffle(pixels[0], next, 1, 2, 3, 4);
  pixels[5] = wasm_i32x4_shuffle(pixels[1], next, 1, 2, 3, 5);
}

/* V[point][.][t] of four tiles, which are neighbours in a row or not. */
INLINE void transform_rows(float *to, const int *four, int are_neighbours, Tiles k) {
  for (int p = 0; p < P; p++) {
    const float *row = rows_at_points[p];
    f4 pixels[P], at[P];
    if (are_neighbours)
      load_neighbours(row + four[0], k.m, pixels);
    else
      for (int j = 0; j < P; j++) pixels[j] = gather(row + j, four);
    tile_at_points(pixels, at);
    for (int q = 0; q < P; q++) store(to + (p * P + q) * k.source, at[q]);
  }
}

/* One channel of the block's tiles, at the points of the vertical axis. `x` is that channel of the first image, of
 * which a part begins at row `v` and column `h`, and has each `step`-th pixel of a row. Beyond the image all is zero;
 * `cleared` says that it is already, from another channel. */
INLINE void rows_to_points_sized(const float *x, const Block *block, int v, int h, int step, int cleared, Tiles k) {
  const Windows *w = k.w;
  int W = w->h.source, left = w->h.low + h, line = 0;
  int first = min_int(left < 0 ? ceil_div(-left, step) : 0, k.line);
  int end = max_int(first, min_int(left < W ? ceil_div(W - left, step) : 0, k.line)), few = end - first < 4;
  for (int n = 0; n < block->images; n++, x += w->channels * w->v.source * W)
    for (int a = 0; a < block->rows; a++, line += k.line) {
      const float *rows[P];
      for (int j = 0; j < P; j++) {
        int row = ((block->row + a) * k.m + j) * w->v.split + w->v.low + v;
        rows[j] = row < 0 || row >= w->v.source ? no_row : x + row * W + left;
      }
      for (int i = first; i < end; i += few ? 1 : 4) {
        int column = few ? i : min_int(i, end - 4);
        f4 pixels[P], at[P];
        for (int j = 0; j < P; j++) {
          const float *pixel = rows[j] + column * step;
          pixels[j] = few ? wasm_v128_load32_zero(pixel) : load_strided(pixel, step);
        }
        tile_at_points(pixels, at);
        for (int j = 0; j < P; j++) store(rows_at_points[j] + line + column, at[j]);
      }
      for (int j = 0; j < P && !cleared; j++) {
        clear_row(rows_at_points[j] + line, first);
        clear_row(rows_at_points[j] + line + end, k.line - end);
      }
    }
}

SHARED void rows_to_points(const float *x, const Block *block, int v, int h, int cleared, Tiles k) {
  if (k.w->h.split == 1)
    rows_to_points_sized(x, block, v, h, 1, cleared, k);
  else
    rows_to_points_sized(x, block, v, h, 2, cleared, k);
}

/* V[point][c][t] of the tiles of a part of the source. */
INLINE void transform_part(float *V, const float *x, const Block *block, int channels, int v, int h, Tiles k) {
  for (int c = 0; c < channels; c++, x += k.w->v.source * k.w->h.source) {
    rows_to_points(x, block, v, h, c > 0, k);
    /* Columns after the last tile are multiplied, too: subnormal numbers left there would slow this fifty times. */
    for (int t = k.t / 4 * 4; t < k.pitch; t += 4)
      for (int p = 0; p < PP; p++) store(V + p * k.source + c * k.pitch + t, splat(0));
    for (int i = 0; i < k.fours; i++) {
      int t = four_from[i];
      const int *four = tile_source + t;
      float *to = V + c * k.pitch + t;
      if (in_row(four, k.m))
        transform_rows(to, four, 1, k);
      else
        transform_rows(to, four, 0, k);
    }
  }
}

/* V of some channels from c on, of each part: all of the first, then of the second, and so forth. */
SHARED void transform_source(float *V, const float *x, const Block *block, int c, int channels, Tiles k) {
  x += (block->n * k.w->channels + c) * k.w->v.source * k.w->h.source;
  for (int v = 0; v < k.w->v.split; v++)
    for (int h = 0; h < k.w->h.split; h++, V += channels * k.pitch) {
      if (k.m == 4)
        k.m = 4, transform_part(V, x, block, channels, v, h, k);
      else
        k.m = 2, transform_part(V, x, block, channels, v, h, k);
    }
}

/* How many parts the source has. */
INLINE int parts_of(const Windows *w) { return w->v.split * w->h.split; }

/* Both axes of four kernels of r x r. */
INLINE void transform_kernels(const f4 *kernel, int r, f4 at[PP]) {
  f4 columns[P][5];
  for (int j = 0; j < r; j++) {
    f4 column[5], points[P];
    for (int i = 0; i < r; i++) column[i] = kernel[i * r + j];
    kernel_at_points(column, r, points);
    for (int p = 0; p < P; p++) columns[p][j] = points[p];
  }
  for (int p = 0; p < P; p++) kernel_at_points(columns[p], r, at + p * P);
}

/* Both axes of four tiles' products, to m x m outputs. */
INLINE void transform_back(const f4 *at, int m, f4 *y) {
  f4 rows[5][P];
  for (int q = 0; q < P; q++) {
    f4 column[P], outputs[5];
    for (int p = 0; p < P; p++) column[p] = at[p * P + q];
    outputs_of(column, m, outputs);
    for (int i = 0; i < m; i++) rows[i][q] = outputs[i];
  }
  for (int i = 0; i < m; i++) outputs_of(rows[i], m, y + i * m);
}
