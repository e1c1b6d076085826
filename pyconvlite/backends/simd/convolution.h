/* Convolution and its two gradients: products over the columns of im2col, which are packed straight from the
 * images.
 *
 * A window is one position of the kernel. Along an axis, window i meets the source at i * step + shift[t] with its
 * tap t. In a forward convolution the taps are the kernel's rows and the step is the stride. The gradient of x is
 * a convolution of gy too: a pixel of x meets those rows of the kernel that reach it in whole strides, which
 * depends on its position modulo the stride, its phase. All pixels of one phase have the same taps and lie a
 * stride apart, so each phase is a convolution of step 1, and no zero is multiplied.
 */
#pragma once

#include "matmul.h"

enum { SPACE = 224 * 1024 };

static float space[SPACE]; /* for padded blocks of the source, and what winograd.h computes with */

typedef struct {
  int source, target;  /* pixels along this axis in the source and in the target */
  int windows, step;   /* how many windows, and source pixels from one to the next */
  int first, stride;   /* target pixel of window 0, and target pixels from window to window */
  int taps, low, high; /* how many taps; their least and greatest shift */
  int *tap, *shift;    /* of each: which row (column) of the kernel it is, and its shift */
} Axis;

typedef struct {
  Axis v, h;
  int N, groups, channels, outputs; /* images; groups; source and target channels in each group */
  int block_images, block_rows, block_columns, block_channels;
  int padded;              /* whether a window reaches beyond the image: then blocks are copied */
  int pitch, plane, image; /* in the source as the windows see it: from row to row, channel, image */
} Windows;

static void add_tap(Axis *axis, int tap, int shift) {
  axis->low = axis->taps ? min_int(axis->low, shift) : shift;
  axis->high = axis->taps ? max_int(axis->high, shift) : shift;
  axis->tap[axis->taps] = tap;
  axis->shift[axis->taps++] = shift;
}

/* The axis of a forward convolution. */
static void forward_axis(Axis *axis, int kernel, int stride, int pad, int dilation) {
  axis->windows = axis->target, axis->step = stride, axis->first = 0, axis->stride = 1, axis->taps = 0;
  for (int k = 0; k < kernel; k++) add_tap(axis, k, k * dilation - pad);
}

/* The axis of the gradient of x, at the pixels first, first + stride, ... */
static void gradient_axis(Axis *axis, int first, int kernel, int stride, int pad, int dilation) {
  axis->windows = ceil_div(axis->target - first, stride), axis->step = 1, axis->first = first, axis->stride = stride;
  axis->taps = axis->low = axis->high = 0;
  for (int k = 0; k < kernel; k++) {
    int reach = first + pad - k * dilation;
    if (reach % stride == 0) add_tap(axis, k, reach / stride);
  }
}

static int extent(const Axis *axis, int windows) { return (windows - 1) * axis->step + axis->high - axis->low + 1; }

static int beyond(const Axis *axis) {
  return axis->low < 0 || (axis->windows - 1) * axis->step + axis->high >= axis->source;
}

static int even(int size, int most) { return ceil_div(size, ceil_div(size, most)); }

/* Cut the work into blocks of at most `pixels` windows and so many channels, whose source, if it is to be padded, has
 * at most `room` floats. Returns 0 where a single window has more. */
static int plan(Windows *w, int pixels, int channels, int room) {
  w->block_channels = even(w->channels, max_int(1, channels));
  w->block_columns = even(w->h.windows, pixels);
  w->block_rows = even(w->v.windows, max_int(1, pixels / w->block_columns));
  w->block_images = 1;
  if (w->block_columns == w->h.windows && w->block_rows == w->v.windows)
    w->block_images = even(w->N, max_int(1, pixels / (w->block_rows * w->block_columns)));
  w->padded = beyond(&w->v) || beyond(&w->h);
  if (!w->padded) {
    w->pitch = w->h.source;
    w->plane = w->v.source * w->pitch;
    w->image = w->groups * w->channels * w->plane;
    return 1;
  }
  for (;;) {
    int64_t size = (int64_t)extent(&w->v, w->block_rows) * extent(&w->h, w->block_columns);
    w->pitch = extent(&w->h, w->block_columns);
    w->plane = (int)size;
    w->image = w->block_channels * w->plane;
    if (size * w->block_channels * w->block_images <= room) return 1;
    int *larger = w->block_images > 1     ? &w->block_images
                  : w->block_rows > 1     ? &w->block_rows
                  : w->block_columns > NR ? &w->block_columns
                                          : &w->block_channels;
    if (*larger == 1) return 0;
    *larger = ceil_div(*larger, 2);
  }
}

typedef struct {
  int n, images, row, rows, column, columns, pixels;
} Block;

/* The block after this one, or, of an empty one, the first. Returns 0 after the last. */
static int next_block(const Windows *w, Block *block) {
  if (block->pixels) {
    block->column += block->columns;
    if (block->column == w->h.windows) block->column = 0, block->row += block->rows;
    if (block->row == w->v.windows) block->row = 0, block->n += block->images;
  }
  if (block->n == w->N) return 0;
  block->images = min_int(w->block_images, w->N - block->n);
  block->rows = min_int(w->block_rows, w->v.windows - block->row);
  block->columns = min_int(w->block_columns, w->h.windows - block->column);
  block->pixels = block->images * block->rows * block->columns;
  return 1;
}

/* Where each window of a block begins in the source, and where its pixel of the target lies, from the block's
 * first ones on. */
static void window_offsets(const Windows *w, const Block *block, int *source, int *target) {
  int q = 0, target_image = w->groups * w->outputs * w->v.target * w->h.target;
  for (int n = 0; n < block->images; n++)
    for (int a = 0; a < block->rows; a++)
      for (int b = 0; b < block->columns; b++, q++) {
        source[q] = n * w->image + a * w->v.step * w->pitch + b * w->h.step;
        target[q] = n * target_image + a * w->v.stride * w->h.target + b * w->h.stride;
      }
  repeat_last(source, q);
  repeat_last(target, q);
}

/* The offset, from a window's beginning, of each tap of some channels. */
static void tap_offsets(const Windows *w, int channels, int *offset) {
  int k = 0;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < w->v.taps; i++)
      for (int j = 0; j < w->h.taps; j++)
        offset[k++] = c * w->plane + (w->v.shift[i] - w->v.low) * w->pitch + w->h.shift[j] - w->h.low;
  repeat_last(offset, k);
}

INLINE void copy_row(float *to, const float *from, int count) {
  int i = 0;
  for (; i + 4 <= count; i += 4) store(to + i, load(from + i));
  for (; i < count; i++) to[i] = from[i];
}

INLINE void clear_row(float *to, int count) {
  for (int i = 0; i < count; i++) to[i] = 0;
}

/* Where a block's first window begins, in `channels` channels of the source from `channel` on; where padding is
 * needed, in a copy at `padded`. */
static const float *source_of(const Windows *w, const Block *block, const float *x, int channel, int channels,
                              float *padded) {
  int H = w->v.source, W = w->h.source, top = block->row * w->v.step + w->v.low;
  int left = block->column * w->h.step + w->h.low;
  x += (block->n * w->groups * w->channels + channel) * H * W;
  if (!w->padded) return x + top * W + left;
  int rows = extent(&w->v, block->rows), columns = extent(&w->h, block->columns);
  int before = min_int(max_int(-left, 0), columns);
  int inside = max_int(0, min_int(columns - before, W - max_int(left, 0)));
  for (int n = 0; n < block->images; n++, x += w->groups * w->channels * H * W)
    for (int c = 0; c < channels; c++)
      for (int r = 0; r < rows; r++) {
        float *row = padded + n * w->image + c * w->plane + r * w->pitch;
        if (top + r < 0 || top + r >= H) {
          clear_row(row, columns);
          continue;
        }
        clear_row(row, before);
        copy_row(row + before, x + (c * H + top + r) * W + left + before, inside);
        clear_row(row + before + inside, columns - before - inside);
      }
  return padded;
}

static float *target_of(const Windows *w, const Block *block, float *y, int channel) {
  int H = w->v.target, W = w->h.target;
  return y + ((block->n * w->groups * w->outputs + channel) * H + w->v.first + block->row * w->v.stride) * W +
         w->h.first + block->column * w->h.stride;
}

static Offsets window_source, window_target, weight_row, target_row;
static LongOffsets tap_source, weight_tap;

/* The kernels, as the product's first operand: from one output to the next, channel to channel, group to group. */
typedef struct {
  const float *data;
  int output, channel, group, width;
} Weights;

static void weight_offsets(const Windows *w, const Weights *weights) {
  int k = 0;
  for (int c = 0; c < w->block_channels; c++)
    for (int i = 0; i < w->v.taps; i++)
      for (int j = 0; j < w->h.taps; j++)
        weight_tap[k++] = c * weights->channel + w->v.tap[i] * weights->width + w->h.tap[j];
  repeat_last(weight_tap, k);
}

/* One row of C, where packing the windows would cost more than it saves: depthwise convolution. */
static void multiply_row(float *y, const float *x, const float *weights, int pixels, int K, Mode mode, float start) {
  for (int k = 0; k < K; k++) a_panels[k] = weights[weight_tap[k]];
  for (int q = 0; q < pixels; q += AT_ONCE) {
    const int *window = window_source + q;
    const float *x0 = x + window[0], *x1 = x + window[4], *x2 = x + window[8], *x3 = x + window[12];
    f4 c0 = splat(0), c1 = c0, c2 = c0, c3 = c0;
    if (adjacent(window) && adjacent(window + 4) && adjacent(window + 8) && adjacent(window + 12)) {
      f4 d0 = c0, d1 = c0, d2 = c0, d3 = c0; /* every other tap: four sums alone wait for each other's additions */
      int k = 0;
      for (; k + 2 <= K; k += 2) {
        int tap = tap_source[k], next = tap_source[k + 1];
        f4 weight = wasm_v128_load32_splat(a_panels + k), other = wasm_v128_load32_splat(a_panels + k + 1);
        c0 = madd(weight, load(x0 + tap), c0), c1 = madd(weight, load(x1 + tap), c1);
        c2 = madd(weight, load(x2 + tap), c2), c3 = madd(weight, load(x3 + tap), c3);
        d0 = madd(other, load(x0 + next), d0), d1 = madd(other, load(x1 + next), d1);
        d2 = madd(other, load(x2 + next), d2), d3 = madd(other, load(x3 + next), d3);
      }
      if (k < K) {
        int tap = tap_source[k];
        f4 weight = wasm_v128_load32_splat(a_panels + k);
        c0 = madd(weight, load(x0 + tap), c0), c1 = madd(weight, load(x1 + tap), c1);
        c2 = madd(weight, load(x2 + tap), c2), c3 = madd(weight, load(x3 + tap), c3);
      }
      c0 = add(c0, d0), c1 = add(c1, d1), c2 = add(c2, d2), c3 = add(c3, d3);
    } else {
      for (int k = 0; k < K; k++) {
        const float *tap = x + tap_source[k];
        f4 weight = wasm_v128_load32_splat(a_panels + k);
        c0 = madd(weight, gather(tap, window), c0), c1 = madd(weight, gather(tap, window + 4), c1);
        c2 = madd(weight, gather(tap, window + 8), c2), c3 = madd(weight, gather(tap, window + 12), c3);
      }
    }
    const f4 sums[4] = {c0, c1, c2, c3};
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++)
      if (q + 4 * i < pixels)
        put(y, window_target + q + 4 * i, pixels - q - 4 * i, whole(window_target + q + 4 * i, pixels - q - 4 * i),
            sums[i], mode, start);
  }
}

/* y = x convolved with the kernels, plus the bias of each output; `relu` is RELU or 0. Returns 0 where this cannot be
 * cut into blocks. */
static int convolve(Windows *w, float *y, const float *x, Weights weights, const float *bias, Mode relu) {
  int taps = w->v.taps * w->h.taps, most = max_int(1, taps);
  if (!plan(w, NC * KC / max_int(KC, most) / NR * NR, KC / most, SPACE)) return 0;
  tap_offsets(w, w->block_channels, tap_source);
  weight_offsets(w, &weights);
  int rows = min_int(w->outputs, MC * KC / max_int(KC, most) / MR * MR);
  steps(target_row, rows, w->v.target * w->h.target);
  for (Block block = {0}; next_block(w, &block);) {
    window_offsets(w, &block, window_source, window_target);
    for (int g = 0; g < w->groups; g++)
      for (int c = 0; c < w->channels; c += w->block_channels) {
        int channels = min_int(w->block_channels, w->channels - c), K = channels * taps;
        const float *source = source_of(w, &block, x, g * w->channels + c, channels, space);
        const float *weight = weights.data + g * weights.group + c * weights.channel;
        Mode mode = (c ? ADD : SET) | (c + channels == w->channels ? relu : 0);
        if (w->outputs == 1) {
          multiply_row(target_of(w, &block, y, g), source, weight, block.pixels, K, mode, bias ? bias[g] : 0);
          continue;
        }
        for (int o = 0; o < w->outputs; o += rows) {
          int outputs = min_int(rows, w->outputs - o), output = g * w->outputs + o;
          steps(weight_row, outputs, weights.output);
          pack_a((Matrix){weight + o * weights.output, weight_row, weight_tap}, outputs, K);
          multiply((Target){target_of(w, &block, y, output), target_row, window_target}, a_panels,
                   (Matrix){source, tap_source, window_source}, b_panels, o > 0, outputs, block.pixels, K,
                   bias ? bias + output : 0, mode);
        }
      }
  }
  return 1;
}

/* The same for its gradient: one row of gW. Four sums of each tap stand where A would be packed. */
static void multiply_row_grad(float *gW, const float *x, const float *gy, int pixels, int K, Mode mode) {
  for (int k = 0; k < K; k++) store(a_panels + 4 * k, splat(0));
  int q = 0;
  for (; q + 4 <= pixels; q += 4) {
    const int *window = window_source + q, *target = window_target + q;
    f4 g = adjacent(target) ? load(gy + target[0]) : gather(gy, target);
    if (adjacent(window)) {
      const float *first = x + window[0];
      for (int k = 0; k < K; k++) store(a_panels + 4 * k, madd(g, load(first + tap_source[k]), load(a_panels + 4 * k)));
    } else {
      for (int k = 0; k < K; k++)
        store(a_panels + 4 * k, madd(g, gather(x + tap_source[k], window), load(a_panels + 4 * k)));
    }
  }
  for (int k = 0; k < K; k++) {
    float sum = sum_of(load(a_panels + 4 * k));
    for (int rest = q; rest < pixels; rest++) sum += x[window_source[rest] + tap_source[k]] * gy[window_target[rest]];
    gW[k] = mode & ADD ? gW[k] + sum : sum;
  }
}

/* gW[o, k] = sum over the windows of gy[o] times what the windows' tap k meets; taps in the kernel's own order. */
static int correlate(Windows *w, float *gW, const float *x, const float *gy) {
  int taps = w->v.taps * w->h.taps;
  if (!plan(w, min_int(KC, NC * KC / (ceil_div(taps, NR) * NR)), NC / taps, SPACE)) return 0;
  int rows = min_int(w->outputs, MC), row = w->channels * taps;
  steps(weight_row, rows, row);
  steps(weight_tap, w->block_channels * taps, 1);
  for (Block block = {0}; next_block(w, &block);) {
    Mode mode = block.n + block.row + block.column ? ADD : SET;
    window_offsets(w, &block, window_source, window_target);
    for (int g = 0; g < w->groups; g++)
      for (int c = 0; c < w->channels; c += w->block_channels) {
        int channels = min_int(w->block_channels, w->channels - c), K = channels * taps;
        const float *source = source_of(w, &block, x, g * w->channels + c, channels, space);
        tap_offsets(w, channels, tap_source);
        if (w->outputs == 1) {
          multiply_row_grad(gW + g * row + c * taps, source, target_of(w, &block, (float *)gy, g), block.pixels, K,
                            mode);
          continue;
        }
        for (int o = 0; o < w->outputs; o += rows) {
          int outputs = min_int(rows, w->outputs - o), output = g * w->outputs + o;
          steps(target_row, outputs, w->v.target * w->h.target);
          pack_a((Matrix){target_of(w, &block, (float *)gy, output), target_row, window_target}, outputs, block.pixels);
          multiply((Target){gW + output * row + c * taps, weight_row, weight_tap}, a_panels,
                   (Matrix){source, window_source, tap_source}, b_panels, o > 0, outputs, K, block.pixels, 0, mode);
        }
      }
  }
  return 1;
}
