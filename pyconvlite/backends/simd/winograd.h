/* Convolution with fewer multiplications: Winograd's minimal filtering, for kernels of 3x3 and 5x5, smaller ones with
 * zeros around them, and with stride 2 of up to 6x6.
 *
 * Winograd, "Arithmetic Complexity of Computations" (1980); Lavin and Gray, "Fast Algorithms for Convolutional
 * Neural Networks" (2016). A tile of m x m outputs of an r x r kernel depends on 6 x 6 pixels, m + r - 1 = 6. The
 * kernel and the tile are polynomials; taken at the points 0, 1, -1, 1/2, -2 and infinity along either axis they
 * are multiplied pointwise: 36 products where the definition has m^2 r^2, 144 for 3x3 and 100 for 5x5 kernels.
 * Over all channels and tiles each of the 36 points is a matrix product. The rounding errors of this choice of
 * points are two to four times those of the plain sum.
 *
 * The gradient of the kernel is the same with roles exchanged: a kernel of m x m, gy, gives r x r outputs. In the
 * gradient of x by a stride, each phase (see windows.h) has a kernel of r x r of its own, whose pixels are those of the
 * kernel that it meets, and zero elsewhere; all phases share the tiles of gy at the points. A convolution with stride 2
 * is the sum of four with stride 1, of every second pixel of x with every second of the kernel: each channel has four
 * `parts`, which count as channels, and kernels of r x r.
 *
 * Errors scale with the largest number of a tile, and infinity or NaN would spread over it: conv2d.h checks for these
 * first.
 */
#pragma once

#include "convolution.h"

enum {
  P = 6,           /* points along an axis */
  PP = P * P,      /* points in all */
  WIDEST = P * KC, /* pixels along a block's rows of tiles: at most P of each tile */
  BETWEEN = 16     /* floats between points: at a power of two, all would share one set of the cache */
};

/* How many products take as long as the transform of a tile, and of a kernel, as measured: more of the faster ones. */
#ifdef __wasm_relaxed_simd__
enum { OF_TILE = 300, OF_KERNEL = 400 };
#else
enum { OF_TILE = 256, OF_KERNEL = 300 };
#endif

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

/* Where each of the r x r pixels of a kernel lies in the weights, for each part; -1 for one that is zero. */
typedef int Pixels[4][25];

/* Of the kernels of this phase. */
static void kernel_pixels(const Windows *w, int width, int r, Pixels pixels) {
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 25; j++) pixels[i][j] = -1;
  for (int i = 0; i < w->v.taps; i++)
    for (int j = 0; j < w->h.taps; j++) {
      int v = w->v.shift[i] - w->v.low, h = w->h.shift[j] - w->h.low;
      int *of_part = pixels[v % w->v.split * w->h.split + h % w->h.split];
      of_part[v / w->v.split * r + h / w->h.split] = w->v.tap[i] * width + w->h.tap[j];
    }
}

/* Where row i of a product's first operand is packed, of which the first `tall` are in panels of MR. */
INLINE float *place_of_row(float *panels, int i, int tall, int K, int *height) {
  *height = i < tall ? MR : MR_LAST;
  int in_panel = (i < tall ? i : i - tall) % *height;
  return panels + (i - in_panel) * K + in_panel;
}

/* U of some outputs and channels of a part, packed as the product's first operand, the points `plane` apart. */
INLINE void pack_kernels_sized(float *U, int plane, int part, int parts, Weights weights, int outputs, int channels,
                               int r, const int *pixel) {
  int K = parts * channels, tall = tall_rows(outputs), heights[2];
  for (int o = 0; o < outputs; o += 4) {
    /* Four outputs may lie in two panels, two in each. */
    float *left = place_of_row(U, o, tall, K, heights), *right = left;
    if (o + 2 < packed_rows(outputs)) right = place_of_row(U, o + 2, tall, K, heights + 1);
    for (int c = 0; c < channels; c++) {
      int four[4], k = part * channels + c;
      for (int i = 0; i < 4; i++) four[i] = min_int(o + i, outputs - 1) * weights.output + c * weights.channel;
      f4 kernel[25], at[PP];
      for (int i = 0; i < r * r; i++) kernel[i] = pixel[i] < 0 ? splat(0) : gather(weights.data + pixel[i], four);
      transform_kernels(kernel, r, at);
      float *to_left = left + k * heights[0], *to_right = right + k * heights[right != left];
      for (int p = 0; p < PP; p++) {
        if (MR == 4 || right == left + 2) {
          store(to_left + p * plane, at[p]);
          continue;
        }
        wasm_v128_store64_lane(to_right + p * plane, at[p], 1);
        wasm_v128_store64_lane(to_left + p * plane, at[p], 0); /* last, for where there are but two */
      }
    }
  }
}

SHARED void pack_kernels(float *U, int plane, Weights weights, int outputs, int channels, int r, int parts,
                         const Pixels pixels) {
  for (int i = 0; i < parts; i++) {
    if (r == 3)
      pack_kernels_sized(U, plane, i, parts, weights, outputs, channels, 3, pixels[i]);
    else
      pack_kernels_sized(U, plane, i, parts, weights, outputs, channels, 5, pixels[i]);
  }
}

/* y of four tiles, from their products at the points: rows W apart, pixels `step`. */
INLINE void put_tiles(float *y, const float *M, f4 start, int relu, const int *target, int W, int step, Tiles k) {
  f4 at[PP], pixels[16];
  for (int p = 0; p < PP; p++) at[p] = load(M + p * k.target);
  transform_back(at, k.m, pixels);
  for (int i = 0; i < k.m; i++) {
    f4 row[4];
    float *to = y + i * W;
    for (int j = 0; j < k.m; j++) row[j] = add(pixels[i * k.m + j], start);
    for (int j = 0; j < k.m && relu; j++) row[j] = bounded(row[j]);
    if (step > 1) {
      for (int j = 0; j < k.m; j++, to += step) {
        wasm_v128_store32_lane(to + target[0], row[j], 0);
        wasm_v128_store32_lane(to + target[1], row[j], 1);
        wasm_v128_store32_lane(to + target[2], row[j], 2);
        wasm_v128_store32_lane(to + target[3], row[j], 3);
      }
    } else if (k.m == 2) {
      f4 two = wasm_i32x4_shuffle(row[0], row[1], 0, 4, 1, 5), others = wasm_i32x4_shuffle(row[0], row[1], 2, 6, 3, 7);
      wasm_v128_store64_lane(to + target[0], two, 0);
      wasm_v128_store64_lane(to + target[1], two, 1);
      wasm_v128_store64_lane(to + target[2], others, 0);
      wasm_v128_store64_lane(to + target[3], others, 1);
    } else {
      transpose(row);
      for (int l = 0; l < 4; l++) store(to + target[l], row[l]);
    }
  }
}

/* y of a block, from the products M[point][o][t] of some outputs. */
INLINE void transform_products_sized(float *y, const float *M, const float *bias, int relu, int outputs, int step,
                                     Tiles k) {
  int W = k.w->h.target, pitch = W * k.w->v.phases;
  for (int o = 0; o < outputs; o++, y += k.w->v.target * W)
    for (int i = 0; i < k.fours; i++) {
      int t = four_from[i];
      const float *products = M + o * k.pitch + t;
      f4 start = splat(bias ? bias[o] : 0);
      if (four_whole(t, k)) {
        put_tiles(y, products, start, relu, tile_target + t, pitch, step, k);
        continue;
      }
      float tiles[64];
      put_tiles(tiles, products, start, relu, tiles_apart, k.m, 1, k);
      for (int l = 0; l < 4 && t + l < k.t; l++)
        for (int a = 0; a < tile_rows[t + l]; a++)
          for (int b = 0; b < tile_columns[t + l]; b++)
            y[tile_target[t + l] + a * pitch + b * step] = tiles[16 * l + a * k.m + b];
    }
}

SHARED void transform_products(float *y, const float *M, const float *bias, int relu, int outputs, Tiles k) {
  int step = k.w->h.phases;
  if (k.m == 4 && step == 1)
    k.m = 4, transform_products_sized(y, M, bias, relu, outputs, 1, k);
  else if (k.m == 4)
    k.m = 4, transform_products_sized(y, M, bias, relu, outputs, step, k);
  else
    k.m = 2, transform_products_sized(y, M, bias, relu, outputs, 1, k);
}

/* The pixels of each part that a window meets, as many as those of a kernel of 3 at least. */
INLINE int reach(const Axis *axis) { return max_int(3, ceil_div(axis->high - axis->low + 1, axis->step)); }

/* Take windows together in tiles of m. */
INLINE void tile_axis(Axis *axis, int m) {
  axis->windows = ceil_div(axis->windows, m), axis->split = axis->step, axis->step *= m;
}

/* The fewest images that save more products than the kernels' transforms take; 0 if tiles, of which those at the edges
 * may be partly empty, save less than a third of the products, or less than their own transforms take. */
INLINE int least_images_of(const Windows *w) {
  int parts = parts_of(w), phases = w->v.phases * w->h.phases, tiles = w->v.windows * w->h.windows;
  int windows = ceil_div(w->v.target, w->v.phases) * ceil_div(w->h.target, w->h.phases);
  int64_t products = (int64_t)windows * w->v.kernel * w->h.kernel, kernels = (int64_t)w->channels * w->outputs;
  int64_t saved = products - (int64_t)PP * tiles * parts * phases;
  int64_t gain = kernels * saved - (int64_t)OF_TILE * tiles * (w->channels * parts + w->outputs * phases);
  int64_t transforms = OF_KERNEL * kernels * parts * phases;
  return 3 * saved < products || gain <= 0 ? 0 : (int)((transforms + gain - 1) / gain);
}

/* Plan the axes in tiles; return r, or 0 unless the algorithm is worth its transforms. */
static int tile_axes(Windows *w) {
  Axis *v = &w->v, *h = &w->h;
  plan_axis(v, w->gradient, 0);
  plan_axis(h, w->gradient, 0);
  int r = reach(v), phases = v->phases * h->phases * v->step * h->step;
  if (reach(h) != r || v->step > 2 || h->step > 2 || v->dilation > 1 || h->dilation > 1 || w->groups > 1) return 0;
  if (r != 3 && (r != 5 || phases > 1)) return 0;
  tile_axis(v, P + 1 - r);
  tile_axis(h, P + 1 - r);
  int least = least_images_of(w);
  return least && w->N >= least && w->channels >= 8 && w->outputs >= 8 ? r : 0;
}

INLINE Weights at_weights(Weights weights, int output, int channel) {
  weights.data += output * weights.output + channel * weights.channel;
  return weights;
}

/* How many channels, of each part, and outputs have their kernels transformed at a time: all, if there is room,
 * otherwise at most 64 channels, of all parts, and `most` outputs. */
static void chunk(const Windows *w, int *channels, int *outputs, int most) {
  int parts = parts_of(w), depth = w->channels * parts;
  *channels = w->channels, *outputs = w->outputs;
  if (depth * w->outputs <= 64 * 64 && max_int(depth, w->outputs) <= KC) return;
  *channels = even(w->channels, 64 / parts);
  *outputs = even(w->outputs, most);
}

/* Plan blocks of tiles, whole rows of them. The space holds kernels at the points, of `channels` and `outputs`, and so
 * many lines of the block's tiles. Returns how many tiles a block has, 0 if a row does not fit. */
static int plan_tiles(Windows *w, int channels, int outputs, int lines) {
  int fixed = packed_rows(outputs) * channels * parts_of(w);
  int tiles = min_int((SPACE / PP - 3 * BETWEEN - fixed) / lines, KC) / NR * NR;
  if (tiles < w->h.windows) return 0;
  cut(w, tiles);
  return w->block_images * w->block_rows * w->block_columns;
}

static int winograd(Windows *w, float *y, const float *x, Weights weights, const float *bias, int relu, int r) {
  int channels, outputs, parts = parts_of(w), phases = w->v.phases * w->h.phases, packed = 0;
  chunk(w, &channels, &outputs, 32);
  /* The transformed source is kept for all outputs, unless blocks get so small that it takes longer to transform the
   * kernels for each of them than the source for each chunk of outputs. */
  int kept = w->channels, tiles = w->N * w->v.windows * w->h.windows;
  if (plan_tiles(w, channels, outputs, kept * parts + outputs) < min_int(16, tiles)) {
    kept = channels;
    if (!plan_tiles(w, channels, outputs, kept * parts + outputs)) return 0;
  }
  int plane = packed_rows(outputs) * channels * parts + BETWEEN;
  float *U = space, *V = U + PP * plane;
  Pixels pixels;
  for (Block block = {0}; next_block(w, &block);)
    for (int phase = 0; phase < phases; phase++) {
      int v_phase = phase / w->h.phases, h_phase = phase % w->h.phases;
      Tiles k = tiles_of(w, &block, r, kept * parts, outputs, v_phase, h_phase);
      float *M = V + PP * k.source;
      choose_taps(&w->v, w->gradient, v_phase);
      choose_taps(&w->h, w->gradient, h_phase);
      kernel_pixels(w, weights.width, r, pixels);
      for (int o = 0; o < w->outputs; o += outputs) {
        int rows = min_int(outputs, w->outputs - o);
        for (int c = 0; c < w->channels; c += channels) {
          int depth = min_int(channels, w->channels - c);
          float *source = V + (kept < w->channels ? 0 : c) * parts * k.pitch;
          if (phase + o == 0 || kept < w->channels) transform_source(source, x, &block, c, depth, k);
          if (!packed) pack_kernels(U, plane, at_weights(weights, o, c), rows, depth, r, parts, pixels);
          packed = channels == w->channels && outputs == w->outputs && phases == 1;
          /* All columns, also those after the last tile: whole panels take less time. */
          for (int p = 0; p < PP; p++)
            multiply((Target){M + p * k.target, point_row, point_column}, U + p * plane,
                     (Matrix){source + p * k.source, point_row, point_column}, b_panels, 0, rows, k.pitch,
                     depth * parts, 0, c ? ADD : SET);
        }
        transform_products(y + (o * w->v.target + v_phase) * w->h.target + h_phase, M, bias ? bias + o : 0, relu, rows,
                           k);
      }
    }
  return 1;
}

/* GY[point][.][t] of four tiles of m x m. */
INLINE void gy_at_points(float *GY, const float *gy, const int *from, int W, Tiles k) {
  f4 pixels[16], at[PP];
  for (int i = 0; i < k.m; i++) {
    const float *row = gy + i * W;
    f4 *four = pixels + i * k.m;
    if (k.m == 2) {
      f4 two = wasm_v128_load64_lane(row + from[1], wasm_v128_load64_zero(row + from[0]), 1);
      f4 others = wasm_v128_load64_lane(row + from[3], wasm_v128_load64_zero(row + from[2]), 1);
      four[0] = wasm_i32x4_shuffle(two, others, 0, 2, 4, 6);
      four[1] = wasm_i32x4_shuffle(two, others, 1, 3, 5, 7);
    } else {
      for (int l = 0; l < 4; l++) four[l] = load(row + from[l]);
      transpose(four);
    }
  }
  transform_kernels(pixels, k.m, at);
  for (int p = 0; p < PP; p++) store(GY + p * k.target, at[p]);
}

/* GY[point][o][t]: gy's tiles of m x m, zero beyond its edges, as kernels at the points. */
INLINE void transform_gy_sized(float *GY, const float *gy, int outputs, Tiles k) {
  for (int o = 0; o < outputs; o++, gy += k.w->v.target * k.w->h.target)
    for (int i = 0; i < k.fours; i++) {
      int t = four_from[i];
      float *to = GY + o * k.pitch + t;
      if (four_whole(t, k)) {
        gy_at_points(to, gy, tile_target + t, k.w->h.target, k);
        continue;
      }
      float tiles[64];
      for (int a = 0; a < 64; a++) tiles[a] = 0;
      for (int l = 0; l < 4; l++)
        for (int a = 0; a < tile_rows[t + l]; a++)
          for (int b = 0; b < tile_columns[t + l]; b++)
            tiles[16 * l + a * k.m + b] = gy[tile_target[t + l] + a * k.w->h.target + b];
      gy_at_points(to, tiles, tiles_apart, k.m, k);
    }
}

SHARED void transform_gy(float *GY, const float *gy, int outputs, Tiles k) {
  if (k.m == 4)
    k.m = 4, transform_gy_sized(GY, gy, outputs, k);
  else
    k.m = 2, transform_gy_sized(GY, gy, outputs, k);
}

/* gW of some outputs and channels. */
INLINE void transform_kernels_back_sized(float *gW, const float *products, int plane, int outputs, int channels,
                                         const Windows *w, int r, const Pixels pixels) {
  int size = w->v.kernel * w->h.kernel, parts = parts_of(w);
  for (int i = 0; i < outputs * parts; i++) {
    const int *pixel = pixels[i % parts];
    float *row = gW + i / parts * w->channels * size;
    for (int c = 0; c < channels; c += 4) {
      int four = channels - c; /* or fewer, at the end */
      f4 at[PP], kernel[25];
      for (int p = 0; p < PP; p++) at[p] = load(products + p * plane + i * channels + c);
      transform_back(at, r, kernel);
      for (int j = 0; j < r * r; j++) {
        float *to = row + c * size + pixel[j];
        if (pixel[j] < 0) continue;
        wasm_v128_store32_lane(to, kernel[j], 0);
        if (four > 1) wasm_v128_store32_lane(to + size, kernel[j], 1);
        if (four > 2) wasm_v128_store32_lane(to + 2 * size, kernel[j], 2);
        if (four > 3) wasm_v128_store32_lane(to + 3 * size, kernel[j], 3);
      }
    }
  }
}

SHARED void transform_kernels_back(float *gW, const float *products, int plane, int outputs, int channels,
                                   const Windows *w, int r, const Pixels pixels) {
  if (r == 3)
    transform_kernels_back_sized(gW, products, plane, outputs, channels, w, 3, pixels);
  else
    transform_kernels_back_sized(gW, products, plane, outputs, channels, w, 5, pixels);
}

static int winograd_gW(Windows *w, float *gW, const float *x, const float *gy, int r) {
  int channels, outputs, parts = parts_of(w);
  chunk(w, &channels, &outputs, 64);
  if (!plan_tiles(w, channels, outputs, channels * parts + outputs)) return 0;
  Pixels pixels;
  choose_taps(&w->v, 0, 0);
  choose_taps(&w->h, 0, 0);
  kernel_pixels(w, w->h.kernel, r, pixels);
  for (int o = 0; o < w->outputs; o += outputs)
    for (int c = 0; c < w->channels; c += channels) {
      int rows = min_int(outputs, w->outputs - o), in_part = min_int(channels, w->channels - c);
      int depth = in_part * parts, plane = rows * depth + BETWEEN;
      float *products = space, *V = products + PP * plane;
      steps(weight_row, rows, depth);
      steps(weight_tap, depth, 1);
      Mode mode = SET;
      for (Block block = {0}; next_block(w, &block); mode = ADD) {
        Tiles k = tiles_of(w, &block, r, depth, rows, 0, 0);
        float *GY = V + PP * k.source;
        transform_source(V, x, &block, c, in_part, k);
        transform_gy(GY, gy + o * w->v.target * w->h.target, rows, k);
        for (int p = 0; p < PP; p++) {
          pack_a((Matrix){GY + p * k.target, point_row, point_column}, rows, k.t);
          multiply((Target){products + p * plane, weight_row, weight_tap}, a_panels,
                   (Matrix){V + p * k.source, point_column, point_row}, b_panels, 0, rows, depth, k.t, 0, mode);
        }
      }
      float *kernels = gW + (o * w->channels + c) * w->v.kernel * w->h.kernel;
      transform_kernels_back(kernels, products, plane, rows, in_part, w, r, pixels);
    }
  return 1;
}
