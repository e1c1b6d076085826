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

#include "tiles.h"

/* How many products take as long as the transform of a tile, and of a kernel, as measured: more of the faster ones. */
#ifdef __wasm_relaxed_simd__
enum { OF_TILE = 300, OF_KERNEL = 400 };
#else
enum { OF_TILE = 256, OF_KERNEL = 300 };
#endif

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
