/* The convolutions that Python calls: they choose the algorithm by the sizes. */
#pragma once

#include "taps.h"
#include "winograd.h"

#define GEOMETRY                                                                                                      \
  int N, int C, int H, int W, int OC, int OH, int OW, int KH, int KW, int SH, int SW, int PH, int PW, int DH, int DW, \
      int groups
#define SIZES N, C, H, W, OC, OH, OW, KH, KW, SH, SW, PH, PW, DH, DW, groups

/* Whether all numbers are below a power of 2 in magnitude. Magnitudes of floats are ordered as their bits, with
 * infinity and NaN above all others. */
static int below(const float *x, int size, int power) {
  f4 bits = wasm_i32x4_splat(0x7fffffff), most[4] = {splat(0), splat(0), splat(0), splat(0)};
  uint32_t rest = 0, lanes[4];
  int i = 0;
  for (; i + 16 <= size; i += 16)
    for (int j = 0; j < 4; j++) most[j] = wasm_u32x4_max(most[j], wasm_v128_and(load(x + i + 4 * j), bits));
  for (; i < size; i++) {
    uint32_t magnitude = wasm_u32x4_extract_lane(wasm_v128_and(wasm_v128_load32_zero(x + i), bits), 0);
    rest = magnitude > rest ? magnitude : rest;
  }
  wasm_v128_store(lanes, wasm_u32x4_max(wasm_u32x4_max(most[0], most[1]), wasm_u32x4_max(most[2], most[3])));
  for (int j = 0; j < 4; j++) rest = lanes[j] > rest ? lanes[j] : rest;
  return rest < (uint32_t)(127 + power) << 23;
}

static int finite(const float *x, int size) { return below(x, size, 128); }

/* Whether all numbers are so small that sums at Winograd's points are finite. */
static int moderate(const float *x, int size) { return below(x, size, 50); }

static int tap_v[K_MOST], tap_h[K_MOST], shift_v[K_MOST], shift_h[K_MOST];

/* The windows of a convolution, or of its gradient with respect to x. */
static Windows windows_of(int gradient, GEOMETRY) {
  return (Windows){.v = {gradient ? OH : H, gradient ? H : OH, KH, SH, PH, DH, .tap = tap_v, .shift = shift_v},
                   .h = {gradient ? OW : W, gradient ? W : OW, KW, SW, PW, DW, .tap = tap_h, .shift = shift_h},
                   .gradient = gradient,
                   .N = N,
                   .groups = groups,
                   .channels = (gradient ? OC : C) / groups,
                   .outputs = (gradient ? C : OC) / groups};
}

/* The fewest images for which the same algorithm is chosen as for N. */
EXPORT int least_images(int gradient, GEOMETRY) {
  Windows w = windows_of(gradient, SIZES);
  return tile_axes(&w) ? least_images_of(&w) : 1;
}

/* `relu`: 0, or the bits of the float that is the upper bound of the results; the lower bound is 0. */
EXPORT int conv2d(float *y, const float *x, const float *kernels, const float *bias, int relu, GEOMETRY) {
  __builtin_memcpy(&relu_most, &relu, 4);
  if ((int64_t)KH * KW > K_MOST) return 0;
  Windows w = windows_of(0, SIZES);
  int kernel = KH * KW, output = w.channels * kernel;
  Weights weights = {kernels, output, kernel, w.outputs * output, KW};
  int r = tile_axes(&w);
  if (r && moderate(x, N * C * H * W) && moderate(kernels, OC * output) && winograd(&w, y, x, weights, bias, relu, r))
    return 1;
  Mode mode = relu ? RELU : 0;
  /* infinity times the padding of x is NaN, of which `convolve_taps` has none */
  if (w.outputs <= FEW_OUTPUTS && finite(kernels, OC * output) && convolve_taps(&w, y, x, weights, bias, mode))
    return 1;
  return convolve(&w, y, x, weights, bias, mode);
}

EXPORT int conv2d_gx(float *gx, const float *gy, const float *kernels, const float *bias, GEOMETRY) {
  if ((int64_t)KH * KW > K_MOST) return 0;
  Windows w = windows_of(1, SIZES);
  int kernel = KH * KW, channel = w.outputs * kernel;
  Weights weights = {kernels, kernel, channel, w.channels * channel, KW};
  int are_moderate = moderate(kernels, OC * channel), r = tile_axes(&w);
  if (!are_moderate && !finite(kernels, OC * channel)) return 0; /* times the padding of gy, infinity gives NaN */
  if (r && are_moderate && moderate(gy, N * OC * OH * OW) && winograd(&w, gx, gy, weights, bias, 0, r)) return 1;
  if (convolve_taps(&w, gx, gy, weights, bias, 0)) return 1;
  return convolve(&w, gx, gy, weights, bias, 0);
}

EXPORT int conv2d_gW(float *gW, const float *x, const float *gy, GEOMETRY) {
  if ((int64_t)KH * KW > K_MOST) return 0;
  Windows w = windows_of(0, SIZES);
  int r = tile_axes(&w);
  if (r && moderate(x, N * C * H * W) && moderate(gy, N * OC * OH * OW) && winograd_gW(&w, gW, x, gy, r)) return 1;
  return correlate(&w, gW, x, gy);
}
