/* Convolution of 3x3 and 5x5 kernels with fewer multiplications: Winograd's minimal filtering.
 *
 * Winograd, "Arithmetic Complexity of Computations" (1980); Lavin and Gray, "Fast Algorithms for Convolutional
 * Neural Networks" (2016). A tile of m x m outputs of an r x r kernel depends on 6 x 6 pixels, m + r - 1 = 6. The
 * kernel and the tile are polynomials; taken at the points 0, 1, -1, 1/2, -2 and infinity along either axis they
 * are multiplied pointwise: 36 products where the definition has m^2 r^2, 144 for 3x3 and 100 for 5x5 kernels.
 * Over all channels and tiles each of the 36 points is a matrix product. The rounding errors of this choice of
 * points are two to four times those of the plain sum.
 *
 * The gradient of the kernel is the same with roles exchanged: a kernel of m x m, gy, gives r x r outputs.
 *
 * Errors scale with the largest number near, and what is infinite or NaN would spread over its tile: convolution.h
 * looks for those first.
 */
#pragma once

#include "convolution.h"

enum {
  P = 6,         /* points along an axis */
  PP = P * P,    /* points in all */
  WIDEST = 2048, /* pixels along a row of tiles */
  APART = 16     /* floats between points: a power of two would put all into one set of the cache */
};

static float rows_at_points[P][WIDEST + 4];

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

/* Sizes of the work: r x r kernels, m x m outputs of a tile; `t` tiles of a block, `row` of them side by side. */
typedef struct {
  const Windows *w;
  int r, m, t, row, source, target;
} Tiles;

/* Four neighbouring tiles of a row of them; the last four overlap the ones before. */
INLINE int four_tiles(int group, int row) { return min_int(4 * group, row - 4); }

/* V[point][c][t] of the source's tiles. */
INLINE void transform_source(float *V, const float *source, const Block *block, int channels, Tiles k) {
  int width = (k.row - 1) * k.m + P;
  for (int c = 0; c < channels; c++)
    for (int n = 0, t = 0; n < block->images; n++)
      for (int a = 0; a < block->rows; a++, t += k.row) {
        const float *x = source + n * k.w->image + c * k.w->plane + a * k.m * k.w->pitch;
        for (int i = 0; i < width; i += 4) {
          int column = min_int(i, width - 4);
          f4 pixels[P], at[P];
          for (int j = 0; j < P; j++) pixels[j] = load(x + j * k.w->pitch + column);
          tile_at_points(pixels, at);
          for (int j = 0; j < P; j++) store(rows_at_points[j] + column, at[j]);
        }
        for (int group = 0; group < ceil_div(k.row, 4); group++) {
          int first = four_tiles(group, k.row);
          for (int p = 0; p < P; p++) {
            const float *row = rows_at_points[p] + first * k.m;
            f4 pixels[P], at[P];
            for (int j = 0; j < P; j++) pixels[j] = load_strided(row + j, k.m);
            tile_at_points(pixels, at);
            for (int q = 0; q < P; q++) store(V + (p * P + q) * k.source + c * k.t + t + first, at[q]);
          }
        }
      }
}

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

/* U, packed as the product's first operand: [point][panel of 4 outputs][c][4]. `turned`: kernels turned round. */
INLINE void pack_kernels(float *U, const Windows *w, Weights weights, int r, int turned) {
  for (int o = 0, panels = ceil_div(w->outputs, MR); o < w->outputs; o += MR)
    for (int c = 0; c < w->channels; c++) {
      int four[MR];
      for (int i = 0; i < MR; i++) four[i] = min_int(o + i, w->outputs - 1) * weights.output + c * weights.channel;
      f4 kernel[25], at[PP];
      for (int i = 0; i < r * r; i++) kernel[i] = gather(weights.data + (turned ? r * r - 1 - i : i), four);
      transform_kernels(kernel, r, at);
      for (int p = 0; p < PP; p++) store(U + ((p * panels + o / MR) * w->channels + c) * MR, at[p]);
    }
}

/* y of a block, from the products M[point][o][t]. */
INLINE void transform_products(float *y, const float *M, const float *bias, int relu, const Block *block, Tiles k) {
  int H = k.w->v.target, W = k.w->h.target;
  for (int o = 0; o < k.w->outputs; o++) {
    f4 start = splat(bias ? bias[o] : 0), least = splat(relu ? 0 : -__builtin_inff());
    for (int n = 0, t = 0; n < block->images; n++) {
      float *plane = y + ((block->n + n) * k.w->outputs + o) * H * W;
      for (int a = 0; a < block->rows; a++, t += k.row)
        for (int group = 0; group < ceil_div(k.row, 4); group++) {
          int tile = four_tiles(group, k.row), top = (block->row + a) * k.m, left = tile * k.m;
          f4 at[PP], outputs[16];
          for (int p = 0; p < PP; p++) at[p] = load(M + p * k.target + o * k.t + t + tile);
          transform_back(at, k.m, outputs);
          for (int i = 0; i < k.m && top + i < H; i++) {
            f4 row[4];
            if (k.m == 2) {
              row[0] = wasm_i32x4_shuffle(outputs[2 * i], outputs[2 * i + 1], 0, 4, 1, 5);
              row[1] = wasm_i32x4_shuffle(outputs[2 * i], outputs[2 * i + 1], 2, 6, 3, 7);
            } else {
              for (int j = 0; j < 4; j++) row[j] = outputs[4 * i + j];
              transpose(row);
            }
            float *to = plane + (top + i) * W + left;
            for (int j = 0; j < k.m; j++) {
              f4 v = wasm_f32x4_pmax(add(row[j], start), least);
              if (left + 4 * j + 4 <= W) {
                store(to + 4 * j, v);
              } else {
                float lanes[4];
                store(lanes, v);
                for (int l = 0; left + 4 * j + l < W; l++) to[4 * j + l] = lanes[l];
              }
            }
          }
        }
    }
  }
}

static Offsets point_row, point_column;

/* Axes of tiles: windows of 6 pixels, m apart. */
INLINE void tile_axis(Axis *axis, int m, int pad) {
  axis->windows = ceil_div(axis->target, m), axis->step = m, axis->split = axis->phases = 1;
  axis->low = -pad, axis->high = P - 1 - pad;
}

/* Plan blocks of tiles, whole rows of them. Returns 0 where they are too few, or too many for the space. */
static int plan_tiles(Windows *w, int m, int pad_v, int pad_h) {
  tile_axis(&w->v, m, pad_v);
  tile_axis(&w->h, m, pad_h);
  int fixed = ceil_div(w->outputs, MR) * MR * w->channels;
  int tiles = min_int((SPACE / PP - 2 * APART - fixed) / (w->channels + w->outputs), KC);
  return w->groups == 1 && w->h.windows >= 4 && tiles >= w->h.windows && (w->h.windows - 1) * m + P <= WIDEST &&
         plan(w, tiles, w->channels, PP * w->outputs * tiles) && w->block_columns == w->h.windows &&
         w->block_channels == w->channels;
}

INLINE int winograd_sized(Windows *w, float *y, const float *x, Weights weights, int turned, const float *bias,
                          int relu, int pad_v, int pad_h, int r) {
  int m = P + 1 - r, C = w->channels, OC = w->outputs, panels = ceil_div(OC, MR);
  if (!plan_tiles(w, m, pad_v, pad_h)) return 0;
  float *U = space, *V = U + PP * panels * MR * C;
  pack_kernels(U, w, weights, r, turned);
  for (Block block = {0}; next_block(w, &block);) {
    Tiles k = {w, r, m, block.pixels, block.columns, C * block.pixels + APART, OC * block.pixels + APART};
    float *M = V + PP * k.source; /* until the products are there, its place serves for padding */
    transform_source(V, source_of(w, &block, x, 0, C, M, 0), &block, C, k);
    steps(point_row, max_int(C, OC), k.t);
    steps(point_column, k.t, 1);
    for (int p = 0; p < PP; p++) {
      multiply((Target){M + p * k.target, point_row, point_column}, U + p * panels * MR * C,
               (Matrix){V + p * k.source, point_row, point_column}, b_panels, 0, OC, k.t, C, 0, SET);
    }
    transform_products(y, M, bias, relu, &block, k);
  }
  return 1;
}

/* GY[point][o][t]: gy's tiles of m x m, zero beyond its edges, as kernels at the points. */
INLINE void transform_gy(float *GY, const float *gy, const Block *block, Tiles k) {
  int H = k.w->v.target, W = k.w->h.target;
  for (int o = 0; o < k.w->outputs; o++)
    for (int n = 0, t = 0; n < block->images; n++) {
      const float *plane = gy + ((block->n + n) * k.w->outputs + o) * H * W;
      for (int a = 0; a < block->rows; a++, t += k.row)
        for (int group = 0; group < ceil_div(k.row, 4); group++) {
          int tile = four_tiles(group, k.row), top = (block->row + a) * k.m, left = tile * k.m;
          f4 pixels[16], at[PP];
          for (int i = 0; i < k.m; i++) {
            const float *row = plane + (top + i) * W + left;
            float line[16];
            if (top + i >= H || left + 4 * k.m > W) {
              for (int j = 0; j < 4 * k.m; j++) line[j] = top + i < H && left + j < W ? row[j] : 0;
              row = line;
            }
            for (int j = 0; j < k.m; j++) pixels[i * k.m + j] = load_strided(row + j, k.m);
          }
          transform_kernels(pixels, k.m, at);
          for (int p = 0; p < PP; p++) store(GY + p * k.target + o * k.t + t + tile, at[p]);
        }
    }
}

INLINE int winograd_gW_sized(Windows *w, float *gW, const float *x, const float *gy, int pad_v, int pad_h, int r) {
  int m = P + 1 - r, C = w->channels, OC = w->outputs;
  if (!plan_tiles(w, m, pad_v, pad_h)) return 0;
  float *products = space, *V = products + PP * OC * C;
  steps(weight_row, OC, C);
  steps(weight_tap, C, 1);
  Mode mode = SET;
  for (Block block = {0}; next_block(w, &block); mode = ADD) {
    Tiles k = {w, r, m, block.pixels, block.columns, C * block.pixels + APART, OC * block.pixels + APART};
    float *GY = V + PP * k.source; /* its place serves for padding first */
    transform_source(V, source_of(w, &block, x, 0, C, GY, 0), &block, C, k);
    transform_gy(GY, gy, &block, k);
    steps(point_row, max_int(C, OC), k.t);
    steps(point_column, k.t, 1);
    for (int p = 0; p < PP; p++) {
      pack_a((Matrix){GY + p * k.target, point_row, point_column}, OC, k.t);
      multiply((Target){products + p * OC * C, weight_row, weight_tap}, a_panels,
               (Matrix){V + p * k.source, point_column, point_row}, b_panels, 0, OC, C, k.t, 0, mode);
    }
  }
  for (int i = 0; i < OC * C; i += 4) { /* four kernels at a time; of the last four, some may be no kernels */
    f4 at[PP], kernel[25];
    for (int p = 0; p < PP; p++) at[p] = load(products + p * OC * C + i);
    transform_back(at, r, kernel);
    for (int j = 0; j < r * r; j++) {
      float lanes[4];
      store(lanes, kernel[j]);
      for (int l = 0; l < 4 && i + l < OC * C; l++) gW[(i + l) * r * r + j] = lanes[l];
    }
  }
  return 1;
}

/* Each size of kernel has code of its own, in which the loops over r and m are unrolled. */
static int winograd(Windows *w, float *y, const float *x, Weights weights, int turned, const float *bias, int relu,
                    int pad_v, int pad_h, int r) {
  return r == 3 ? winograd_sized(w, y, x, weights, turned, bias, relu, pad_v, pad_h, 3)
                : winograd_sized(w, y, x, weights, turned, bias, relu, pad_v, pad_h, 5);
}

static int winograd_gW(Windows *w, float *gW, const float *x, const float *gy, int pad_v, int pad_h, int r) {
  return r == 3 ? winograd_gW_sized(w, gW, x, gy, pad_v, pad_h, 3) : winograd_gW_sized(w, gW, x, gy, pad_v, pad_h, 5);
}
