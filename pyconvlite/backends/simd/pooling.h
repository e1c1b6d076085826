/* Pooling, and the columns of im2col as an array of their own. All planes (H, W) of all images are alike. */
#pragma once

#include "vector.h"

/* Four pixels, `stride` apart; reads nothing beside them but what lies between. */
INLINE f4 load_strided(const float *p, int stride) {
  if (stride == 1) return load(p);
  if (stride == 2) return wasm_i32x4_shuffle(load(p), load(p + 3), 0, 2, 5, 7);
  f4 v = wasm_v128_load32_zero(p);
  v = wasm_v128_load32_lane(p + stride, v, 1);
  v = wasm_v128_load32_lane(p + 2 * stride, v, 2);
  return wasm_v128_load32_lane(p + 3 * stride, v, 3);
}

typedef struct { int planes, H, W, OH, OW, KH, KW, SH, SW, PH, PW; } Pool;

#define POOL                                                                                                  \
  int planes, int H, int W, int OH, int OW, int KH, int KW, int SH, int SW, int PH, int PW
#define THE_POOL ((Pool){planes, H, W, OH, OW, KH, KW, SH, SW, PH, PW})

/* The taps, from `first` up to before `stop`, that meet one of `size` pixels when the kernel begins at `corner`. */
typedef struct { int first, stop; } Taps;

INLINE Taps taps_inside(int corner, int kernel, int size) {
  return (Taps){max_int(0, -corner), min_int(kernel, size - corner)};
}

INLINE int all_inside(int corner, int kernel, int size) { return corner >= 0 && corner + kernel <= size; }

/* -------------------------------------------------------------------------------------------- max pooling */

INLINE void keep_index(void *indexes, int wide, int at, int index) {
  if (wide)
    ((uint16_t *)indexes)[at] = (uint16_t)index;
  else
    ((uint8_t *)indexes)[at] = (uint8_t)index;
}

INLINE int index_at(const void *indexes, int wide, int at) {
  return wide ? ((const uint16_t *)indexes)[at] : ((const uint8_t *)indexes)[at];
}

/* One window at the image's edge. Where it holds padding only, its value is minus infinity, and its index that of
 * the tap nearest to the image. */
static float edge_max(const Pool *p, const float *x, int top, int left, int *index) {
  Taps h = taps_inside(top, p->KH, p->H), w = taps_inside(left, p->KW, p->W);
  *index = min_int(h.first, p->KH - 1) * p->KW + min_int(w.first, p->KW - 1);
  float best = -__builtin_inff();
  int found = 0;
  for (int kh = h.first; kh < h.stop; kh++)
    for (int kw = w.first; kw < w.stop; kw++) {
      float v = x[(top + kh) * p->W + left + kw];
      if (!found || (best == best && !(v <= best))) best = v, *index = kh * p->KW + kw, found = 1;
    }
  return best;
}

/* The first of the largest pixels of each window; NaN counts as larger than all. `wide`: 16 bits to an index. */
EXPORT void max_pool(float *y, void *indexes, int wide, const float *x, POOL) {
  const Pool p = THE_POOL;
  for (int plane = 0, at = 0; plane < planes; plane++, x += H * W)
    for (int oh = 0; oh < OH; oh++) {
      int top = oh * SH - PH, whole_rows = all_inside(top, KH, H);
      for (int ow = 0; ow < OW;) {
        int left = ow * SW - PW;
        if (whole_rows && ow + 4 <= OW && left >= 0 && all_inside(left + 3 * SW, KW, W)) {
          const float *corner = x + top * W + left;
          f4 best = load_strided(corner, SW), index = wasm_i32x4_splat(0);
          for (int kh = 0; kh < KH; kh++)
            for (int kw = 0; kw < KW; kw++) {
              f4 v = load_strided(corner + kh * W + kw, SW);
              f4 larger = wasm_v128_andnot(wasm_f32x4_eq(best, best), wasm_f32x4_le(v, best));
              best = wasm_v128_bitselect(v, best, larger);
              index = wasm_v128_bitselect(wasm_i32x4_splat(kh * KW + kw), index, larger);
            }
          store(y + at, best);
          if (wide)
            wasm_v128_store64_lane((uint16_t *)indexes + at, wasm_u16x8_narrow_i32x4(index, index), 0);
          else {
            f4 halves = wasm_u16x8_narrow_i32x4(index, index);
            wasm_v128_store32_lane((uint8_t *)indexes + at, wasm_u8x16_narrow_i16x8(halves, halves), 0);
          }
          at += 4, ow += 4;
        } else {
          int index;
          y[at] = edge_max(&p, x, top, left, &index);
          keep_index(indexes, wide, at, index);
          at++, ow++;
        }
      }
    }
}

/* gx, zero at first, gets each window's gradient at the pixel that the window's index names. */
EXPORT void max_pool_grad(float *gx, const float *gy, const void *indexes, int wide, POOL) {
  for (int plane = 0, at = 0; plane < planes; plane++, gx += H * W)
    for (int oh = 0; oh < OH; oh++)
      for (int ow = 0; ow < OW; ow++, at++) {
        int index = index_at(indexes, wide, at), kh = index / KW;
        int h = oh * SH - PH + kh, w = ow * SW - PW + index - kh * KW;
        if (h >= 0 && h < H && w >= 0 && w < W) gx[h * W + w] += gy[at];
      }
}

/* The pixels of x that the indexes name; padding is 0. */
EXPORT void max_pool_gather(float *y, const float *x, const void *indexes, int wide, POOL) {
  for (int plane = 0, at = 0; plane < planes; plane++, x += H * W)
    for (int oh = 0; oh < OH; oh++)
      for (int ow = 0; ow < OW; ow++, at++) {
        int index = index_at(indexes, wide, at), kh = index / KW;
        int h = oh * SH - PH + kh, w = ow * SW - PW + index - kh * KW;
        y[at] = h >= 0 && h < H && w >= 0 && w < W ? x[h * W + w] : 0;
      }
}

/* ---------------------------------------------------------------------------------------- average pooling */

/* How many pixels a window's mean is taken over. */
INLINE int window_count(const Pool *p, Taps h, Taps w, int count_padding) {
  if (count_padding) return p->KH * p->KW;
  return max_int(1, max_int(0, h.stop - h.first) * max_int(0, w.stop - w.first));
}

EXPORT void avg_pool(float *y, const float *x, int count_padding, POOL) {
  const Pool p = THE_POOL;
  for (int plane = 0, at = 0; plane < planes; plane++, x += H * W)
    for (int oh = 0; oh < OH; oh++) {
      int top = oh * SH - PH;
      Taps h = taps_inside(top, KH, H);
      for (int ow = 0; ow < OW;) {
        int left = ow * SW - PW;
        Taps w = taps_inside(left, KW, W);
        float count = (float)window_count(&p, h, w, count_padding);
        if (ow + 4 <= OW && left >= 0 && all_inside(left + 3 * SW, KW, W)) {
          f4 sums = splat(0);
          for (int kh = h.first; kh < h.stop; kh++)
            for (int kw = 0; kw < KW; kw++) sums = add(sums, load_strided(x + (top + kh) * W + left + kw, SW));
          store(y + at, wasm_f32x4_div(sums, splat(count)));
          at += 4, ow += 4;
        } else {
          float sum = 0;
          for (int kh = h.first; kh < h.stop; kh++)
            for (int kw = w.first; kw < w.stop; kw++) sum += x[(top + kh) * W + left + kw];
          y[at] = sum / count;
          at++, ow++;
        }
      }
    }
}

/* gx, zero at first, gets each window's gradient in equal shares. */
EXPORT void avg_pool_grad(float *gx, const float *gy, int count_padding, POOL) {
  const Pool p = THE_POOL;
  for (int plane = 0, at = 0; plane < planes; plane++, gx += H * W)
    for (int oh = 0; oh < OH; oh++) {
      Taps h = taps_inside(oh * SH - PH, KH, H);
      for (int ow = 0; ow < OW; ow++, at++) {
        int left = ow * SW - PW;
        Taps w = taps_inside(left, KW, W);
        float share = gy[at] / (float)window_count(&p, h, w, count_padding);
        for (int kh = h.first; kh < h.stop; kh++)
          for (int kw = w.first; kw < w.stop; kw++) gx[(oh * SH - PH + kh) * W + left + kw] += share;
      }
    }
}

/* ------------------------------------------------------------------------------------------------ columns */

/* The windows [first, stop) along an axis whose tap lies inside: tap at i * stride + shift, of `size` pixels. */
INLINE Taps windows_inside(int windows, int stride, int shift, int size) {
  int first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  int stop = size - shift <= 0 ? 0 : (size - shift + stride - 1) / stride;
  first = min_int(first, windows);
  return (Taps){first, max_int(first, min_int(stop, windows))};
}

/* col (planes, KH, KW, OH, OW): what each tap of each window meets. */
EXPORT void im2col(float *col, const float *x, POOL, int DH, int DW) {
  for (int plane = 0; plane < planes; plane++, x += H * W)
    for (int kh = 0; kh < KH; kh++)
      for (int kw = 0; kw < KW; kw++) {
        Taps inside = windows_inside(OW, SW, kw * DW - PW, W);
        for (int oh = 0; oh < OH; oh++, col += OW) {
          int h = oh * SH - PH + kh * DH, ow = 0;
          if (h < 0 || h >= H) {
            for (; ow < OW; ow++) col[ow] = 0;
            continue;
          }
          const float *row = x + h * W - PW + kw * DW;
          for (; ow < inside.first; ow++) col[ow] = 0;
          for (; ow + 4 <= inside.stop; ow += 4) store(col + ow, load_strided(row + ow * SW, SW));
          for (; ow < inside.stop; ow++) col[ow] = row[ow * SW];
          for (; ow < OW; ow++) col[ow] = 0;
        }
      }
}

/* x, zero at first, gets the sum of its copies in col. */
EXPORT void col2im(float *x, const float *col, POOL, int DH, int DW) {
  for (int plane = 0; plane < planes; plane++, x += H * W)
    for (int kh = 0; kh < KH; kh++)
      for (int kw = 0; kw < KW; kw++) {
        Taps inside = windows_inside(OW, SW, kw * DW - PW, W);
        for (int oh = 0; oh < OH; oh++, col += OW) {
          int h = oh * SH - PH + kh * DH;
          if (h < 0 || h >= H) continue;
          float *row = x + h * W - PW + kw * DW;
          int ow = inside.first;
          if (SW == 1)
            for (; ow + 4 <= inside.stop; ow += 4) store(row + ow, add(load(row + ow), load(col + ow)));
          for (; ow < inside.stop; ow++) row[ow * SW] += col[ow];
        }
      }
}
