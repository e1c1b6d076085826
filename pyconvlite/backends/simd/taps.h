/* Convolutions of many channels with few outputs, such as the last one of a decoder: a product gives what each tap
 * of each output sums over the channels, for every pixel of the source, and an output adds what its windows meet.
 * Packing the windows would take longer than their products.
 */
#pragma once

#include "windows.h"

enum {
  FEW_OUTPUTS = 3,   /* of a group, the most */
  MANY_CHANNELS = 16 /* of a group, the fewest */
};

/* Four times `vectors` outputs next to each other, whose taps all lie in the source. */
INLINE void sum_outputs(float *y, const float *of_taps, int count, int vectors, float start, Mode relu) {
  f4 sum[4];
  for (int i = 0; i < vectors; i++) sum[i] = splat(start);
  for (int t = 0; t < count; t++)
    for (int i = 0; i < vectors; i++) sum[i] = add(sum[i], load(of_taps + tap_source[t] + 4 * i));
  for (int i = 0; i < vectors; i++) store(y + 4 * i, relu ? bounded(sum[i]) : sum[i]);
}

/* The outputs of one row of windows, in this phase. `of_taps` [tap][row][column] has the rows of the source from
 * `first` on, before `end`. */
static void sum_taps(const Windows *w, float *y, const float *of_taps, int row, int first, int end, float start,
                     Mode relu) {
  int *shift = weight_tap, W = w->h.source, windows = w->h.windows, left = 0, right = windows, count = 0;
  for (int i = 0; i < w->v.taps; i++) {
    int from = row + w->v.shift[i];
    if (from < first || from >= end) continue;
    for (int j = 0; j < w->h.taps; j++, count++) {
      shift[count] = w->h.shift[j];
      tap_source[count] =
          (w->v.tap[i] * w->h.kernel + w->h.tap[j]) * (end - first) * W + (from - first) * W + shift[count];
      left = max_int(left, -shift[count]), right = min_int(right, W - shift[count]);
    }
  }
  int wide = right - left >= 16 ? 16 : 4;
  for (int q = 0; q < windows;) {
    if (q >= left && q < right && right - left >= 4) {
      int at = min_int(q, right - wide); /* the last ones overlap those before */
      if (wide == 16)
        sum_outputs(y + at, of_taps + at, count, 4, start, relu);
      else
        sum_outputs(y + at, of_taps + at, count, 1, start, relu);
      q = at + wide;
      continue;
    }
    f4 sum = splat(start);
    for (int t = 0; t < count; t++)
      if (q + shift[t] >= 0 && q + shift[t] < W) sum = add(sum, splat(of_taps[tap_source[t] + q]));
    y[q++] = wasm_f32x4_extract_lane(relu ? bounded(sum) : sum, 0);
  }
}

/* `convolve` for few outputs of many channels and windows a pixel apart. Returns 0 for others, where windows are fewer
 * than pixels, all of which are multiplied, and where so few rows fit that those that two blocks meet are many. */
static int convolve_taps(Windows *w, float *y, const float *x, Weights weights, const float *bias, Mode relu) {
  Axis *v = &w->v, *h = &w->h;
  plan_axis(v, w->gradient, 0);
  plan_axis(h, w->gradient, 0);
  int kernel = v->kernel * h->kernel, lines = w->outputs * kernel, phases = v->phases * h->phases;
  if (w->outputs > FEW_OUTPUTS || w->channels < MANY_CHANNELS || kernel == 1 || v->step > 1 || h->step > 1) return 0;
  if (2 * (int64_t)v->source * h->source > 3 * (int64_t)v->windows * h->windows) return 0;
  int64_t room = SPACE - (int64_t)lines * w->channels, met = v->high - v->low;
  room = room / ((int64_t)lines * h->source + phases * h->windows) - met;
  if (room < min_int(v->windows, 2 * (int)met + 1)) return 0;
  w->block_rows = even(v->windows, (int)room), w->block_columns = h->windows, w->block_images = 1;
  float *kernels = space, *sums = kernels + lines * w->channels, *of_taps = sums + phases * w->block_rows * h->windows;
  for (int g = 0; g < w->groups; g++) {
    const float *own = weights.data + g * weights.group;
    for (int c = 0; c < w->channels; c++)
      for (int l = 0; l < lines; l++)
        kernels[c * lines + l] = own[c * weights.channel + l / kernel * weights.output + l % kernel];
    for (Block block = {0}; next_block(w, &block);) {
      int first = max_int(0, block.row + v->low), end = min_int(v->source, block.row + block.rows + v->high);
      int plane = v->source * h->source, size = max_int(0, end - first) * h->source, rows = block.rows * h->windows;
      const float *source = x + (block.n * w->groups + g) * w->channels * plane + first * h->source;
      products(of_taps, kernels, 0, 1, lines, source, 0, plane, 1, 1, lines, size, w->channels, SET);
      for (int o = 0; o < w->outputs; o++) {
        int output = g * w->outputs + o;
        for (int phase = 0; phase < phases; phase++) {
          float *to = phases > 1 ? sums + phase * rows : target_of(w, &block, y, output);
          choose_taps(v, w->gradient, phase / h->phases);
          choose_taps(h, w->gradient, phase % h->phases);
          for (int i = 0; i < block.rows; i++)
            sum_taps(w, to + i * h->windows, of_taps + o * kernel * size, block.row + i, first, end,
                     bias ? bias[output] : 0, relu);
        }
        if (phases > 1) spread(w, &block, y, output, 0, v->phases, sums, rows, h->windows);
      }
    }
  }
  return 1;
}
