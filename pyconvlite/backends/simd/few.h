/* Convolutions with few outputs in each group, such as depthwise ones: sums along rows of windows. */
#pragma once

#include "windows.h"

enum { FEW = 2 }; /* outputs of a group for which packing the windows costs more than it saves */

/* Four rows of windows at a time, eight of them at a time: y = their products with a kernel of K taps, summed. Rows
 * begin at source[r] and target[r]; the last eight overlap the ones before. */
SHARED void multiply_rows(float *y, const float *x, const float *weights, const int *tap, int K, const int *source,
                          const int *target, int rows, int columns, float start, Mode relu) {
  int last = max_int(0, columns - 4);
  for (int r = 0; r < rows; r += 4)
    for (int q = 0; q < columns; q += 8) {
      int left = min_int(q, last), right = min_int(q + 4, last);
      const float *x0 = x + source[r], *x1 = x + source[r + 1], *x2 = x + source[r + 2], *x3 = x + source[r + 3];
      f4 c[4][2];
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; i++) c[i / 2][i % 2] = splat(start);
#pragma clang loop unroll(disable)
      for (int k = 0; k < K; k++) {
        f4 weight = wasm_v128_load32_splat(weights + k);
        int to_left = tap[k] + left, to_right = tap[k] + right;
#define ROW(i)                                            \
  c[i][0] = madd(weight, load(x##i + to_left), c[i][0]);  \
  PIN(c[i][0]);                                           \
  c[i][1] = madd(weight, load(x##i + to_right), c[i][1]); \
  PIN(c[i][1]);
        ROW(0) ROW(1) ROW(2) ROW(3)
#undef ROW
      }
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        float *to = y + target[r + i];
        store(to + left, relu ? bounded(c[i][0]) : c[i][0]);
        store(to + right, relu ? bounded(c[i][1]) : c[i][1]);
      }
    }
}

/* The same for kernels whose rows are `height` adjacent ones of the source: `deep` rows of windows at a time, four
 * windows of each; a loaded pixel is used for all windows that contain it. Weights are [column][row]. */
INLINE void multiply_strips(float *y, const float *x, const float *weights, const int *tap, int width, int height,
                            int step, int pitch, int target_pitch, int rows, int columns, float start, Mode relu) {
  int deep = step == 1 ? 8 : 4, last = max_int(0, columns - 4);
  for (int row = 0; row < rows; row += deep) {
    int top = max_int(0, min_int(row, rows - deep));
    for (int q = 0; q < columns; q += 4) {
      int left = min_int(q, last);
      f4 c[8];
#pragma clang loop unroll(full)
      for (int r = 0; r < deep; r++) c[r] = splat(start);
#pragma clang loop unroll(disable)
      for (int k = 0; k < width; k++) {
        const float *pixel = x + top * step * pitch + left + tap[k], *column = weights + k * height;
        f4 weight[5];
#pragma clang loop unroll(full)
        for (int i = 0; i < height; i++) weight[i] = wasm_v128_load32_splat(column + i);
#pragma clang loop unroll(full)
        for (int i = 0; i < (deep - 1) * step + height; i++, pixel += pitch) {
          f4 v = load(pixel);
#pragma clang loop unroll(full)
          for (int r = 0; r < deep; r++)
            if (i - r * step >= 0 && i - r * step < height) {
              c[r] = madd(weight[i - r * step], v, c[r]);
              PIN(c[r]);
            }
        }
      }
      float *to = y + top * target_pitch + left;
#pragma clang loop unroll(full)
      for (int r = 0; r < deep; r++, to += target_pitch)
        if (r < rows) store(to, relu ? bounded(c[r]) : c[r]);
    }
  }
}

/* Cut the work into blocks for the functions below: all channels at once, and few enough pixels for the L1 cache. Rows
 * of windows begin at window_source, and at window_target in the target. */
static int plan_few(Windows *w, int room) {
  int pixels = w->h.windows < K_MOST ? min_int(K_MOST / 2, NC * w->h.windows) : K_MOST / 2; /* the product fits */
  return (int64_t)w->channels * w->v.kernel * w->h.kernel <= K_MOST && plan(w, pixels, w->channels, room) &&
         w->block_channels == w->channels;
}

/* Find where the rows of a block begin: in the target, or `pitch` apart in a block of it. Returns how many. */
static int few_rows(const Windows *w, const Block *block, int pitch) {
  int r = 0, row = w->v.step / w->v.split * w->pitch;
  for (int n = 0; n < block->images; n++)
    for (int a = 0; a < block->rows; a++, r++) {
      window_source[r] = n * w->image + a * row;
      window_target[r] = pitch ? r * pitch : (n * w->groups * w->outputs * w->v.target + a) * w->h.target;
    }
  repeat_last(window_source, r);
  repeat_last(window_target, r);
  return r;
}

/* One channel's windows, if there is code for the kernel's size in this phase: height 1, 2, 3 or 5, and step 1, or 2
 * for heights 3 and 5. */
SHARED int convolve_strips(const Windows *w, const Block *block, float *y, int image, int pitch, const float *x,
                           const float *weight, float start, Mode relu) {
  int height = w->v.taps, width = w->h.taps, tap[8];
  if (w->channels > 1 || (height > 3 && height != 5) || width > 8 || height * width == 0 || w->v.step > 2 ||
      (w->v.step == 2 && height < 3) || w->v.split > 1)
    return 0;
  if (w->copied ? w->pitch > SPACE / 64 : block->rows < 8) return 0; /* a strip would reach past the block */
  int turned = w->v.shift[height - 1] < w->v.shift[0], top = w->v.shift[turned ? height - 1 : 0];
  if (w->v.shift[turned ? 0 : height - 1] - top != height - 1) return 0;
  for (int j = 0; j < width; j++) {
    for (int i = 0; i < height; i++)
      a_panels[j * height + i] = weight[w->v.tap[turned ? height - 1 - i : i] * w->h.kernel + w->h.tap[j]];
    tap[j] = place(&w->v, top, 0) * w->pitch + place(&w->h, w->h.shift[j], w->block_columns);
  }
  for (int n = 0; n < block->images; n++, x += w->image, y += image) {
#define STRIPS(HEIGHT, STEP)                                                                                       \
  if (height == HEIGHT && w->v.step == STEP)                                                                       \
    multiply_strips(y, x, a_panels, tap, width, HEIGHT, STEP, w->pitch, pitch, block->rows, block->columns, start, \
                    relu);
    STRIPS(1, 1) STRIPS(2, 1) STRIPS(3, 1) STRIPS(5, 1) STRIPS(3, 2) STRIPS(5, 2)
#undef STRIPS
  }
  return 1;
}

/* `convolve` for few outputs, such as those of a depthwise convolution. */
static int convolve_few(Windows *w, float *y, const float *x, Weights weights, const float *bias, Mode relu,
                        int phases) {
  float *sums = space + SPACE / 2; /* with phases, or rows shorter than a vector, the block of the target */
  if (phases > SPACE / 2 / K_MOST || !plan_few(w, SPACE / 2)) return 0;
  for (Block block = {0}; next_block(w, &block);) {
    int pitch = phases > 1 || block.columns < 4 ? max_int(4, block.columns) : 0;
    int rows = few_rows(w, &block, pitch);
    int image = pitch ? block.rows * pitch : w->groups * w->outputs * w->v.target * w->h.target;
    for (int g = 0; g < w->groups; g++) {
      const float *source = source_of(w, &block, x, g * w->channels, w->channels, space, g > 0);
      for (int o = 0; o < w->outputs; o++) {
        int output = g * w->outputs + o;
        const float *weight = weights.data + g * weights.group + o * weights.output;
        for (int phase = 0; phase < phases; phase++) {
          float *to = pitch ? sums + phase * rows * pitch : target_of(w, &block, y, output);
          float start = bias ? bias[output] : 0;
          if (phases > 1 || output == 0) {
            choose_taps(&w->v, w->gradient, phase / w->h.phases);
            choose_taps(&w->h, w->gradient, phase % w->h.phases);
            tap_offsets(w, w->channels, tap_source);
            weight_offsets(w, w->channels, &weights, weight_tap);
          }
          if (convolve_strips(w, &block, to, image, pitch ? pitch : w->h.target, source, weight, start, relu)) continue;
          int K = w->channels * w->v.taps * w->h.taps;
          for (int k = 0; k < K; k++) a_panels[k] = weight[weight_tap[k]];
          multiply_rows(to, source, a_panels, tap_source, K, window_source, window_target, rows, block.columns, start,
                        relu);
        }
        if (pitch) spread(w, &block, y, output, 0, w->v.phases, sums, rows * pitch, pitch);
      }
    }
  }
  return 1;
}

enum { TAPS = 5, ROWS = 2 }; /* that correlate_rows takes at a time */

/* Four windows of some rows, times some taps. A mask excludes windows: both factors are then 0, since infinity
 * times 0 is NaN. */
INLINE void correlate_windows(const float *x, const float *gy, const int *source, const int *target, const int *tap,
                              const f4 *mask, f4 c[ROWS][TAPS]) {
#pragma clang loop unroll(full)
  for (int i = 0; i < ROWS; i++) {
    const float *pixels = x + source[i];
    f4 g = load(gy + target[i]);
    if (mask) g = wasm_v128_and(g, mask[i]);
#pragma clang loop unroll(full)
    for (int t = 0; t < TAPS; t++) {
      f4 v = load(pixels + tap[t]);
      c[i][t] = madd(g, mask ? wasm_v128_and(v, mask[i]) : v, c[i][t]);
      PIN(c[i][t]);
    }
  }
}

/* gW = the windows' pixels times gy, summed. The last four windows of a row overlap the ones before. */
SHARED void correlate_rows(float *gW, const float *x, const float *gy, const int *tap, int K, const int *source,
                           const int *target, int rows, int columns, Mode mode) {
  for (int k = 0; k < K; k += TAPS) {
    f4 c[ROWS][TAPS];
    int taps[TAPS];
#pragma clang loop unroll(full)
    for (int t = 0; t < TAPS; t++) {
      taps[t] = tap[k + t];
      for (int i = 0; i < ROWS; i++) c[i][t] = splat(0);
    }
    for (int r = 0; r < rows; r += ROWS) {
      int q = 0, from[ROWS] = {source[r], source[r + 1]}, to[ROWS] = {target[r], target[r + 1]};
      if (r + ROWS <= rows)
        for (; q + 4 <= columns; q += 4) correlate_windows(x + q, gy + q, from, to, taps, 0, c);
      for (; q < columns; q += 4) {
        int at = min_int(q, columns - 4);
        f4 lanes = wasm_i32x4_ge(wasm_i32x4_make(0, 1, 2, 3), wasm_i32x4_splat(q - at));
        f4 mask[ROWS] = {lanes, r + 1 < rows ? lanes : splat(0)};
        correlate_windows(x + at, gy + at, from, to, taps, mask, c);
      }
    }
#pragma clang loop unroll(full)
    for (int t = 0; t < TAPS; t++)
      if (k + t < K) {
        float sum = sum_of(add(c[0][t], c[1][t]));
        gW[k + t] = mode & ADD ? gW[k + t] + sum : sum;
      }
  }
}

/* The same for rows shorter than a vector. */
static void correlate_short_rows(float *gW, const float *x, const float *gy, const int *tap, int K, const int *source,
                                 const int *target, int rows, int columns, Mode mode) {
  for (int k = 0; k < K; k++) {
    float sum = mode & ADD ? gW[k] : 0;
    for (int r = 0; r < rows; r++)
      for (int q = 0; q < columns; q++) sum += x[source[r] + q + tap[k]] * gy[target[r] + q];
    gW[k] = sum;
  }
}

/* `correlate` for few outputs. */
static int correlate_few(Windows *w, float *gW, const float *x, const float *gy) {
  if (!plan_few(w, SPACE)) return 0;
  int K = w->channels * w->v.taps * w->h.taps;
  tap_offsets(w, w->channels, tap_source);
  for (Block block = {0}; next_block(w, &block);) {
    Mode mode = block.n + block.row + block.column ? ADD : SET;
    int rows = few_rows(w, &block, 0);
    for (int g = 0; g < w->groups; g++) {
      const float *source = source_of(w, &block, x, g * w->channels, w->channels, space, g > 0);
      for (int o = 0; o < w->outputs; o++) {
        int output = g * w->outputs + o;
        const float *gradient = target_of(w, &block, (float *)gy, output);
        if (block.columns < 4)
          correlate_short_rows(gW + output * K, source, gradient, tap_source, K, window_source, window_target, rows,
                               block.columns, mode);
        else
          correlate_rows(gW + output * K, source, gradient, tap_source, K, window_source, window_target, rows,
                         block.columns, mode);
      }
    }
  }
  return 1;
}
