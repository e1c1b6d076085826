/* Convolution and its two gradients: products over the columns of im2col, which are packed straight from the
 * images.
 *
 * A window is one position of the kernel. Along an axis, window i meets the source at i * step + shift[t] with its
 * tap t. In a forward convolution the taps are the kernel's rows and the step is the stride. The gradient of x is
 * a convolution of gy too: a pixel of x meets those rows of the kernel that reach it in whole strides, which
 * depends on its position modulo the stride, its phase. All pixels of one phase have the same taps and lie a
 * stride apart, so each phase is a convolution of step 1, and no zero is multiplied.
 *
 * A block of the source is copied where windows reach beyond the image or lie more than a pixel apart. A row of the
 * copy has every step-th pixel side by side, then every step-th from the second on, and so forth; rows likewise.
 * Hence neighbouring windows lie side by side, whatever the stride.
 */
#pragma once

#include "matmul.h"

enum { SPACE = 224 * 1024 };

/* For blocks of the source and of the target, and what winograd.h computes with. */
static float space[SPACE + AT_ONCE];

typedef struct {
  int source, target;                /* pixels along this axis in the source and in the target */
  int kernel, stride, pad, dilation; /* of the forward convolution */
  int windows, step;                 /* how many windows, and source pixels from one to the next */
  int phases;                        /* target pixels of each window: more than one in the gradient of x */
  int split;                         /* into how many parts the copied pixels are sorted */
  int low, high;                     /* the least and the greatest shift */
  int taps, *tap, *shift;            /* of this phase: which row (column) of the kernel each is, and its shift */
} Axis;

typedef struct {
  Axis v, h;
  int N, groups, channels, outputs; /* images; groups; source and target channels in each group */
  int gradient;                     /* whether this is the gradient of x */
  int block_images, block_rows, block_columns, block_channels;
  int copied;              /* whether blocks of the source are copied */
  int pitch, plane, image; /* in the source as the windows see it: from row to row, channel, image */
} Windows;

INLINE int floor_div(int a, int b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }

static void plan_axis(Axis *axis, int gradient, int sorted) {
  int reach = (axis->kernel - 1) * axis->dilation - axis->pad;
  if (gradient) {
    axis->windows = ceil_div(axis->target, axis->stride), axis->step = axis->split = 1;
    axis->phases = min_int(axis->stride, axis->target);
    axis->low = -floor_div(reach, axis->stride), axis->high = -floor_div(-axis->pad, axis->stride);
  } else {
    axis->windows = axis->target, axis->step = axis->stride, axis->phases = 1;
    axis->low = -axis->pad, axis->high = reach;
    axis->split = sorted || reach - axis->low < axis->stride ? axis->stride : 1;
  }
}

/* The taps of a phase, by rising shifts: of the gradient, those at the pixels phase, phase + stride, ... */
static void choose_taps(Axis *axis, int gradient, int phase) {
  axis->taps = 0;
  for (int i = 0; i < axis->kernel; i++) {
    int k = gradient ? axis->kernel - 1 - i : i, shift = k * axis->dilation - axis->pad;
    if (gradient) {
      int whole = -floor_div(shift, axis->stride);
      if (shift + whole * axis->stride != phase) continue;
      shift = whole;
    }
    axis->tap[axis->taps] = k;
    axis->shift[axis->taps++] = shift;
  }
}

/* The most taps that a phase has. */
static int most_taps(Axis *axis, int gradient) {
  int most = 0;
  for (int phase = 0; phase < axis->phases; phase++) {
    choose_taps(axis, gradient, phase);
    most = max_int(most, axis->taps);
  }
  return most;
}

static int beyond(const Axis *axis) {
  return axis->low < 0 || (axis->windows - 1) * axis->step + axis->high >= axis->source;
}

/* How many parts of the sorted pixels windows meet; how many pixels of each; where in them the pixel `shift` lies. */
INLINE int parts(const Axis *axis) { return min_int(axis->split, axis->high - axis->low + 1); }
INLINE int part(const Axis *axis, int windows) {
  return (windows - 1) * (axis->step / axis->split) + (axis->high - axis->low) / axis->split + 1;
}
INLINE int place(const Axis *axis, int shift, int windows) {
  shift -= axis->low;
  return axis->split == 1 ? shift : shift % axis->split * part(axis, windows) + shift / axis->split;
}

static int even(int size, int most) { return ceil_div(size, ceil_div(size, most)); }

/* Cut the work into blocks of at most `pixels` windows and so many channels, whose source, if it is to be copied, has
 * at most `room` floats. Returns 0 where a single window has more. */
static int plan(Windows *w, int pixels, int channels, int room) {
  w->block_channels = even(w->channels, max_int(1, channels));
  w->block_columns = even(w->h.windows, pixels);
  w->block_rows = even(w->v.windows, max_int(1, pixels / w->block_columns));
  w->block_images = 1;
  if (w->block_columns == w->h.windows && w->block_rows == w->v.windows)
    w->block_images = even(w->N, max_int(1, pixels / (w->block_rows * w->block_columns)));
  w->copied = beyond(&w->v) || beyond(&w->h) || w->v.step > 1 || w->h.step > 1 || w->h.windows < 4;
  if (!w->copied) {
    w->pitch = w->h.source;
    w->plane = w->v.source * w->pitch;
    w->image = w->groups * w->channels * w->plane;
    return 1;
  }
  for (;;) {
    int64_t pitch = (int64_t)parts(&w->h) * part(&w->h, w->block_columns);
    int64_t size = pitch * parts(&w->v) * part(&w->v, w->block_rows);
    w->pitch = (int)pitch;
    w->plane = (int)size;
    w->image = w->block_channels * w->plane;
    if (size <= room && size * w->block_channels * w->block_images <= room) return 1;
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
 * first ones on: in the target itself or, with phases, in a block of it, where the pixels lie one by one. */
static void window_offsets(const Windows *w, const Block *block, int *source, int *target) {
  int q = 0, target_image = w->groups * w->outputs * w->v.target * w->h.target;
  int row = w->v.step / w->v.split * w->pitch, column = w->h.step / w->h.split;
  int direct = w->v.phases * w->h.phases == 1;
  for (int n = 0; n < block->images; n++)
    for (int a = 0; a < block->rows; a++)
      for (int b = 0; b < block->columns; b++, q++) {
        source[q] = n * w->image + a * row + b * column;
        target[q] = direct ? n * target_image + a * w->h.target + b : q;
      }
  repeat_last(source, q);
  repeat_last(target, q);
}

/* The offset, from a window's beginning, of each tap of some channels. */
static void tap_offsets(const Windows *w, int channels, int *offset) {
  int k = 0;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < w->v.taps; i++) {
      int row = c * w->plane + place(&w->v, w->v.shift[i], w->block_rows) * w->pitch;
      for (int j = 0; j < w->h.taps; j++) offset[k++] = row + place(&w->h, w->h.shift[j], w->block_columns);
    }
  repeat_last(offset, k);
}

/* Every `step`-th float; the last four overlap the ones before. */
INLINE void copy_row(float *to, const float *from, int count, int step) {
  if (step > 2 || count < 4) {
    for (int i = 0; i < count; i++) to[i] = from[i * step];
    return;
  }
  for (int i = 0; i < count; i += 4) {
    int at = min_int(i, count - 4);
    store(to + at, step == 1 ? load(from + at) : load_strided(from + 2 * at, 2));
  }
}

INLINE void clear_row(float *to, int count) {
  for (int i = 0; i < count; i++) to[i] = 0;
}

/* Copy a part of an image's rows: `count` pixels `step` apart from column `left` on, and the same of `rows` rows from
 * row `top` on. Beyond the image they are zero, or left alone where they are zero already. */
INLINE void copy_part(float *to, int pitch, const float *image, int H, int W, int top, int left, int rows, int count,
                      int row_step, int step, int cleared) {
  int before = min_int(left < 0 ? ceil_div(-left, step) : 0, count);
  int inside = max_int(0, min_int(count, left < W ? ceil_div(W - left, step) : 0) - before);
  for (int r = 0; r < rows; r++, to += pitch, top += row_step) {
    if (top < 0 || top >= H) {
      if (!cleared) clear_row(to, count);
      continue;
    }
    if (!cleared) {
      clear_row(to, before);
      clear_row(to + before + inside, count - before - inside);
    }
    copy_row(to + before, image + top * W + left + before * step, inside, step);
  }
}

INLINE float pixel_or_zero(const float *row, int W, int column) {
  return column >= 0 && column < W ? row[column] : 0;
}

/* A row's pixels from column `left` on, by turns to `even` and to `odd`. */
INLINE void copy_halves(float *even, float *odd, const float *row, int W, int left, int count) {
  int first = min_int(left < 0 ? (1 - left) / 2 : 0, count), end = min_int(count, (W - left) / 2);
  if (end - first < 4) end = first;
  for (int i = first; i < end; i += 4) { /* the last four overlap the ones before */
    int at = min_int(i, end - 4);
    f4 a = load(row + left + 2 * at), b = load(row + left + 2 * at + 4);
    store(even + at, wasm_i32x4_shuffle(a, b, 0, 2, 4, 6));
    store(odd + at, wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
  }
  for (int i = 0; i < count; i++) {
    if (i == first) i = end;
    if (i == count) break;
    even[i] = pixel_or_zero(row, W, left + 2 * i), odd[i] = pixel_or_zero(row, W, left + 2 * i + 1);
  }
}

/* Where a block's first window begins, in `channels` channels of the source from `channel` on; where it is to be
 * copied, in a copy at `copy`. `cleared`: the zeros of its padding are there from another copy of this block. */
static const float *source_of(const Windows *w, const Block *block, const float *x, int channel, int channels,
                              float *copy, int cleared) {
  int H = w->v.source, W = w->h.source, top = block->row * w->v.step + w->v.low;
  int left = block->column * w->h.step + w->h.low;
  x += (block->n * w->groups * w->channels + channel) * H * W;
  if (!w->copied) return x + top * W + left;
  int rows = part(&w->v, w->block_rows), columns = part(&w->h, w->block_columns), step = w->h.split;
  for (int n = 0; n < block->images; n++, x += w->groups * w->channels * H * W)
    for (int c = 0; c < channels; c++)
      for (int i = 0; i < parts(&w->v); i++) {
        if (step == 2 && parts(&w->h) == 2) {
          float *to = copy + n * w->image + c * w->plane + i * rows * w->pitch;
          for (int r = 0, from = top + i; r < rows; r++, from += w->v.split, to += w->pitch)
            if (from >= 0 && from < H)
              copy_halves(to, to + columns, x + (c * H + from) * W, W, left, columns);
            else if (!cleared)
              clear_row(to, w->pitch);
          continue;
        }
        for (int j = 0; j < parts(&w->h); j++) {
          const float *image = x + c * H * W;
          float *to = copy + n * w->image + c * w->plane + i * rows * w->pitch + j * columns;
          if (step == 1)
            copy_part(to, w->pitch, image, H, W, top + i, left + j, rows, columns, w->v.split, 1, cleared);
          else if (step == 2)
            copy_part(to, w->pitch, image, H, W, top + i, left + j, rows, columns, w->v.split, 2, cleared);
          else
            copy_part(to, w->pitch, image, H, W, top + i, left + j, rows, columns, w->v.split, step, cleared);
        }
      }
  return copy;
}

static float *target_of(const Windows *w, const Block *block, float *y, int channel) {
  return y + ((block->n * w->groups * w->outputs + channel) * w->v.target + block->row) * w->h.target + block->column;
}

/* Put the pixels of a row of each phase, `apart` from each other, into a row of the target in turn. */
INLINE void spread_row(float *to, const float *from, int apart, int phases, int columns, int width) {
  int b = 0;
  if (phases == 2)
    for (; 2 * b + 8 <= width && b + 4 <= columns; b += 4) {
      f4 even = load(from + b), odd = load(from + apart + b);
      store(to + 2 * b, wasm_i32x4_shuffle(even, odd, 0, 4, 1, 5));
      store(to + 2 * b + 4, wasm_i32x4_shuffle(even, odd, 2, 6, 3, 7));
    }
  for (; b < columns; b++)
    for (int j = 0; j < phases && b * phases + j < width; j++) to[b * phases + j] = from[j * apart + b];
}

/* Put one channel of a block of the target, whose phases lie `apart` and whose rows `pitch`, into its place. */
static void spread(const Windows *w, const Block *block, float *y, int channel, const float *from, int apart,
                   int pitch) {
  int H = w->v.target, W = w->h.target, left = block->column * w->h.phases;
  for (int n = 0; n < block->images; n++)
    for (int a = 0; a < block->rows; a++, from += pitch)
      for (int i = 0; i < w->v.phases; i++) {
        int row = (block->row + a) * w->v.phases + i;
        float *to = y + (((block->n + n) * w->groups * w->outputs + channel) * H + row) * W + left;
        if (row < H) spread_row(to, from + i * w->h.phases * apart, apart, w->h.phases, block->columns, W - left);
      }
}

static Offsets window_source, window_target, weight_row, target_row;
static LongOffsets tap_source, weight_tap;

/* The kernels, as the product's first operand: from one output to the next, channel to channel, group to group. */
typedef struct {
  const float *data;
  int output, channel, group, width;
} Weights;

static void weight_offsets(const Windows *w, int channels, const Weights *weights, int *offset) {
  int k = 0;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < w->v.taps; i++)
      for (int j = 0; j < w->h.taps; j++)
        offset[k++] = c * weights->channel + w->v.tap[i] * weights->width + w->h.tap[j];
  repeat_last(offset, k);
}

enum { FEW = 2 }; /* outputs of a group for which packing the windows costs more than it saves */

/* Four rows of windows at a time, eight of them at a time: y = their products with a kernel of K taps, summed. Rows
 * begin at source[r] and target[r]; the last eight overlap the ones before. */
APART void multiply_rows(float *y, const float *x, const float *weights, const int *tap, int K, const int *source,
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
#define ROW(i)                                                                              \
  c[i][0] = madd(weight, load(x##i + to_left), c[i][0]);                                    \
  PIN(c[i][0]);                                                                             \
  c[i][1] = madd(weight, load(x##i + to_right), c[i][1]);                                   \
  PIN(c[i][1]);
        ROW(0) ROW(1) ROW(2) ROW(3)
#undef ROW
      }
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        float *to = y + target[r + i];
        store(to + left, relu ? positive(c[i][0]) : c[i][0]);
        store(to + right, relu ? positive(c[i][1]) : c[i][1]);
      }
    }
}

/* The same for kernels whose rows are `height` neighbouring ones of the source: `deep` rows of windows at a time, four
 * windows of each, of which a pixel that is loaded serves all that meet it. Weights are [column][row]. */
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
        if (r < rows) store(to, relu ? positive(c[r]) : c[r]);
    }
  }
}

/* Cut the work into blocks for the functions below: all channels at once, and not too many pixels for the first
 * cache. Rows of windows begin at window_source, and at window_target in the target. */
static int plan_few(Windows *w, int room) {
  int pixels = min_int(K_MOST / 2, NC * w->h.windows);
  return (int64_t)w->channels * w->v.kernel * w->h.kernel <= K_MOST && plan(w, pixels, w->channels, room) &&
         w->block_channels == w->channels;
}

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

/* One channel's windows, where its phase has code of its own: height 1, 2, 3 or 5, and step 1, or 2 of the latter. */
APART int convolve_strips(const Windows *w, const Block *block, float *y, int image, int pitch, const float *x,
                           const float *weight, float start, Mode relu) {
  int height = w->v.taps, width = w->h.taps, tap[8];
  if (w->channels > 1 || (height > 3 && height != 5) || width > 8 || height * width == 0 || w->v.step > 2 ||
      (w->v.step == 2 && height < 3) || (!w->copied && block->rows < 8) || w->v.split > 1)
    return 0;
  if (w->v.shift[height - 1] - w->v.shift[0] != height - 1) return 0;
  for (int j = 0; j < width; j++) {
    for (int i = 0; i < height; i++) a_panels[j * height + i] = weight[w->v.tap[i] * w->h.kernel + w->h.tap[j]];
    tap[j] = place(&w->v, w->v.shift[0], 0) * w->pitch + place(&w->h, w->h.shift[j], w->block_columns);
  }
  for (int n = 0; n < block->images; n++, x += w->image, y += image) {
#define STRIPS(HEIGHT, STEP)                                                                                   \
  if (height == HEIGHT && w->v.step == STEP)                                                                   \
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
        int output = g * w->outputs + o, K = 0;
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
          K = w->channels * w->v.taps * w->h.taps;
          for (int k = 0; k < K; k++) a_panels[k] = weight[weight_tap[k]];
          multiply_rows(to, source, a_panels, tap_source, K, window_source, window_target, rows, block.columns, start,
                        relu);
        }
        if (pitch) spread(w, &block, y, output, sums, rows * pitch, pitch);
      }
    }
  }
  return 1;
}

/* Three taps and three rows of windows at a time: gW = the windows' pixels times gy, summed. */
APART void correlate_rows(float *gW, const float *x, const float *gy, const int *tap, int K, const int *source,
                           const int *target, int rows, int columns, Mode mode) {
  static const int lanes[8] = {0, 0, 0, 0, -1, -1, -1, -1};
  for (int k = 0; k < K; k += 3) {
    int t0 = tap[k], t1 = tap[k + 1], t2 = tap[k + 2];
    f4 c[3][3];
#pragma clang loop unroll(full)
    for (int i = 0; i < 9; i++) c[i / 3][i % 3] = splat(0);
    for (int r = 0; r < rows; r += 3) {
      f4 second = splat(0), third = second; /* masks: the last rows may be fewer */
      if (r + 1 < rows) second = wasm_i32x4_splat(-1);
      if (r + 2 < rows) third = wasm_i32x4_splat(-1);
      for (int q = 0; q < columns; q += 4) {
        int at = min_int(q, columns - 4);
        f4 mask = load((const float *)lanes + 4 - (q - at)), g, v; /* the last four overlap the ones before */
#define ROW(i)                                                                                             \
  {                                                                                                        \
    const float *pixels = x + source[r + i] + at;                                                          \
    g = wasm_v128_and(load(gy + target[r + i] + at), i == 0 ? mask : wasm_v128_and(mask, i == 1 ? second : third)); \
    v = load(pixels + t0), c[i][0] = madd(g, v, c[i][0]);                                                  \
    v = load(pixels + t1), c[i][1] = madd(g, v, c[i][1]);                                                  \
    v = load(pixels + t2), c[i][2] = madd(g, v, c[i][2]);                                                  \
  }
        ROW(0) ROW(1) ROW(2)
#undef ROW
      }
    }
#pragma clang loop unroll(full)
    for (int t = 0; t < 3; t++)
      if (k + t < K) {
        float sum = sum_of(add(add(c[0][t], c[1][t]), c[2][t]));
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

/* y = x convolved with the kernels, plus the bias of each output; `relu` is RELU or 0. Returns 0 where this cannot be
 * cut into blocks. */
static int convolve(Windows *w, float *y, const float *x, Weights weights, const float *bias, Mode relu) {
  plan_axis(&w->v, w->gradient, 0);
  plan_axis(&w->h, w->gradient, 1);
  int phases = w->v.phases * w->h.phases;
  int most = max_int(1, most_taps(&w->v, w->gradient) * most_taps(&w->h, w->gradient));
  if (w->outputs <= FEW && convolve_few(w, y, x, weights, bias, relu, phases)) return 1;
  int pixels = NC * KC / max_int(KC, most) / NR * NR, rows = min_int(w->outputs, MC * KC / max_int(KC, most) / MR * MR);
  if (phases > 1) {
    if (phases > SPACE / 2 / NR) return 0;
    rows = min_int(rows, SPACE / 2 / NR / phases);
    pixels = min_int(pixels, SPACE / 2 / rows / phases / NR * NR);
  }
  if (!plan(w, pixels, KC / most, phases > 1 ? SPACE / 2 : SPACE)) return 0;
  float *sums = space + SPACE / 2; /* with phases, the block of the target */
  for (Block block = {0}; next_block(w, &block);) {
    window_offsets(w, &block, window_source, window_target);
    steps(target_row, rows, phases > 1 ? block.pixels : w->v.target * w->h.target);
    for (int g = 0; g < w->groups; g++)
      for (int o = 0; o < w->outputs; o += rows) {
        int outputs = min_int(rows, w->outputs - o), output = g * w->outputs + o;
        steps(weight_row, outputs, weights.output);
        for (int c = 0; c < w->channels; c += w->block_channels) {
          int channels = min_int(w->block_channels, w->channels - c), first = g + o + c == 0;
          const float *source = source_of(w, &block, x, g * w->channels + c, channels, space, !first);
          const float *weight = weights.data + g * weights.group + o * weights.output + c * weights.channel;
          Mode mode = (c ? ADD : SET) | (c + channels == w->channels ? relu : 0);
          for (int phase = 0; phase < phases; phase++) {
            choose_taps(&w->v, w->gradient, phase / w->h.phases);
            choose_taps(&w->h, w->gradient, phase % w->h.phases);
            int K = channels * w->v.taps * w->h.taps;
            tap_offsets(w, channels, tap_source);
            weight_offsets(w, channels, &weights, weight_tap);
            pack_a((Matrix){weight, weight_row, weight_tap}, outputs, K);
            float *target = phases > 1 ? sums + phase * rows * block.pixels : target_of(w, &block, y, output);
            multiply((Target){target, target_row, window_target}, a_panels, (Matrix){source, tap_source, window_source},
                     b_panels, 0, outputs, block.pixels, K, bias ? bias + output : 0, mode);
          }
        }
        for (int i = 0; i < outputs && phases > 1; i++)
          spread(w, &block, y, output + i, sums + i * block.pixels, rows * block.pixels, block.columns);
      }
  }
  return 1;
}

/* gW[o, k] = sum over the windows of gy[o] times what the windows' tap k meets; taps in the kernel's own order. */
static int correlate(Windows *w, float *gW, const float *x, const float *gy) {
  plan_axis(&w->v, 0, 0);
  plan_axis(&w->h, 0, 1);
  choose_taps(&w->v, 0, 0);
  choose_taps(&w->h, 0, 0);
  if (w->outputs <= FEW && correlate_few(w, gW, x, gy)) return 1;
  int taps = w->v.taps * w->h.taps;
  if (!plan(w, min_int(KC, NC * KC / (ceil_div(taps, NR) * NR)), NC / taps, SPACE)) return 0;
  int rows = min_int(w->outputs, MC), row = w->channels * taps;
  steps(weight_row, rows, row);
  steps(weight_tap, w->block_channels * taps, 1);
  steps(target_row, rows, w->v.target * w->h.target);
  for (Block block = {0}; next_block(w, &block);) {
    Mode mode = block.n + block.row + block.column ? ADD : SET;
    window_offsets(w, &block, window_source, window_target);
    for (int g = 0; g < w->groups; g++)
      for (int c = 0; c < w->channels; c += w->block_channels) {
        int channels = min_int(w->block_channels, w->channels - c), K = channels * taps;
        const float *source = source_of(w, &block, x, g * w->channels + c, channels, space, g + c > 0);
        tap_offsets(w, channels, tap_source);
        for (int o = 0; o < w->outputs; o += rows) {
          int outputs = min_int(rows, w->outputs - o), output = g * w->outputs + o;
          pack_a((Matrix){target_of(w, &block, (float *)gy, output), target_row, window_target}, outputs, block.pixels);
          multiply((Target){gW + output * row + c * taps, weight_row, weight_tap}, a_panels,
                   (Matrix){source, window_source, tap_source}, b_panels, o > 0, outputs, K, block.pixels, 0, mode);
        }
      }
  }
  return 1;
}
