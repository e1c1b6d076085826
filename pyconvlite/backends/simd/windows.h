/* The windows of a convolution: where they begin in the source, which of its pixels their taps meet, and the blocks in
 * which the work is done.
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

enum { SPACE = 320 * 1024 };

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

/* The taps of a phase: of the gradient, those at the pixels phase, phase + stride, ... */
static void choose_taps(Axis *axis, int gradient, int phase) {
  axis->taps = 0;
  for (int k = 0; k < axis->kernel; k++) {
    int shift = k * axis->dilation - axis->pad;
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

/* Cut the work into blocks of at most `pixels` windows. */
static void cut(Windows *w, int pixels) {
  w->block_columns = even(w->h.windows, pixels);
  w->block_rows = even(w->v.windows, max_int(1, pixels / w->block_columns));
  w->block_images = 1;
  if (w->block_columns == w->h.windows && w->block_rows == w->v.windows)
    w->block_images = even(w->N, max_int(1, pixels / (w->block_rows * w->block_columns)));
}

/* The same, and of at most so many channels, whose source, if it is to be copied, has at most `room` floats. Returns 0
 * if a single window has more. */
static int plan(Windows *w, int pixels, int channels, int room) {
  w->block_channels = even(w->channels, max_int(1, channels));
  cut(w, pixels);
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

INLINE float pixel_or_zero(const float *row, int W, int column) { return column >= 0 && column < W ? row[column] : 0; }

/* A row's pixels from column `left` on, alternately to `even` and to `odd`. */
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

/* Put `band` rows of phases from `top` on of one channel of a block of the target, phases that lie `apart` and whose
 * rows lie `pitch`, into its place. */
static void spread(const Windows *w, const Block *block, float *y, int channel, int top, int band, const float *from,
                   int apart, int pitch) {
  int H = w->v.target, W = w->h.target, left = block->column * w->h.phases;
  for (int n = 0; n < block->images; n++)
    for (int a = 0; a < block->rows; a++, from += pitch)
      for (int i = 0; i < band; i++) {
        int row = (block->row + a) * w->v.phases + top + i;
        float *to = y + (((block->n + n) * w->groups * w->outputs + channel) * H + row) * W + left;
        if (top + i < w->v.phases && row < H)
          spread_row(to, from + i * w->h.phases * apart, apart, w->h.phases, block->columns, W - left);
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
