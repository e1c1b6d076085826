/* Convolution and its two gradients: products over the columns of im2col, which are packed straight from the images or
 * read in place.
 */
#pragma once

#include "few.h"

/* y = x convolved with the kernels, plus the bias of each output; `relu` is RELU or 0. Returns 0 if this cannot be cut
 * into blocks. */
static int convolve(Windows *w, float *y, const float *x, Weights weights, const float *bias, Mode relu) {
  plan_axis(&w->v, w->gradient, 0);
  plan_axis(&w->h, w->gradient, 1);
  int phases = w->v.phases * w->h.phases, band = w->v.phases; /* rows of phases at a time */
  if (w->outputs <= FEW && convolve_few(w, y, x, weights, bias, relu, phases)) return 1;
  int most = max_int(1, most_taps(&w->v, w->gradient) * most_taps(&w->h, w->gradient));
  int pixels = NC * KC / max_int(KC, most) / NR * NR, rows = min_int(w->outputs, MC * KC / max_int(KC, most) / 4 * 4);
  _Static_assert(MC * KC / K_MOST / 4 * 4 > MR, "a part of the outputs is one panel: it packs nothing for the others");
  if (phases > 1) {
    if (w->h.phases > SPACE / 2 / NR) return 0;
    band = min_int(band, SPACE / 2 / NR / w->h.phases);
    rows = min_int(rows, SPACE / 2 / NR / (band * w->h.phases));
    pixels = min_int(pixels, SPACE / 2 / rows / (band * w->h.phases) / NR * NR);
  }
  int share = phases > 1 ? rows : w->outputs; /* outputs for which windows are packed once */
  if (!plan(w, pixels, KC / most, phases > 1 ? SPACE / 2 : SPACE)) return 0;
  float *sums = space + SPACE / 2; /* with phases, the block of the target */
  for (Block block = {0}; next_block(w, &block);) {
    window_offsets(w, &block, window_source, window_target);
    steps(target_row, rows, phases > 1 ? block.pixels : w->v.target * w->h.target);
    for (int g = 0; g < w->groups; g++)
      for (int o = 0; o < w->outputs; o += share)
        for (int top = 0; top < w->v.phases; top += band) {
          int first = g * w->outputs + o, last = first + min_int(share, w->outputs - o);
          int end = min_int(phases, (top + band) * w->h.phases);
          for (int c = 0; c < w->channels; c += w->block_channels) {
            int channels = min_int(w->block_channels, w->channels - c);
            const float *source = source_of(w, &block, x, g * w->channels + c, channels, space, first + top + c > 0);
            Mode mode = (c ? ADD : SET) | (c + channels == w->channels ? relu : 0);
            for (int phase = top * w->h.phases; phase < end; phase++) {
              choose_taps(&w->v, w->gradient, phase / w->h.phases);
              choose_taps(&w->h, w->gradient, phase % w->h.phases);
              int K = channels * w->v.taps * w->h.taps;
              tap_offsets(w, channels, tap_source);
              weight_offsets(w, channels, &weights, weight_tap);
              for (int output = first; output < last; output += rows) {
                int outputs = min_int(rows, last - output), row = output - g * w->outputs;
                const float *weight = weights.data + g * weights.group + row * weights.output + c * weights.channel;
                steps(weight_row, outputs, weights.output);
                pack_a((Matrix){weight, weight_row, weight_tap}, outputs, K);
                float *target = phases > 1 ? sums + (phase - top * w->h.phases) * rows * block.pixels
                                           : target_of(w, &block, y, output);
                multiply((Target){target, target_row, window_target}, a_panels,
                         (Matrix){source, tap_source, window_source}, b_panels, output > first, outputs, block.pixels,
                         K, bias ? bias + output : 0, mode);
              }
            }
          }
          for (int output = first; output < last && phases > 1; output++)
            spread(w, &block, y, output, top, band, sums + (output - first) * block.pixels, rows * block.pixels,
                   block.columns);
        }
  }
  return 1;
}

/* gW[o, k] = sum over the windows of gy[o] times the pixel under tap k; taps in the kernel's own order. */
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
