/* Pooling, im2col and col2im. The channels of all images are planes (H, W). */
#pragma once

#include "vector.h"

typedef struct {
  int planes, H, W, OH, OW, KH, KW, SH, SW, PH, PW, DH, DW;
} Pool;

#define POOL int planes, int H, int W, int OH, int OW, int KH, int KW, int SH, int SW, int PH, int PW, int DH, int DW
#define THE_POOL ((Pool){planes, H, W, OH, OW, KH, KW, SH, SW, PH, PW, DH, DW})

/* The taps, from `first` up to before `stop`, that meet one of `size` pixels when the kernel begins at `corner`. */
typedef struct {
  int first, stop;
} Taps;

INLINE Taps taps_inside(int corner, int kernel, int gap, int size) {
  return (Taps){max_int(0, ceil_div(-corner, gap)), min_int(kernel, ceil_div(size - corner, gap))};
}

/* From the first pixel of a window to its last one. */
INLINE int span(int kernel, int gap) { return (kernel - 1) * gap + 1; }

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

/* One window at the image's edge. If it holds only padding, its value is minus infinity, and its index that of the tap
 * nearest to the image. */
static float edge_max(const Pool *p, const float *x, int top, int left, int *index) {
  Taps h = taps_inside(top, p->KH, p->DH, p->H), w = taps_inside(left, p->KW, p->DW, p->W);
  *index = min_int(h.first, p->KH - 1) * p->KW + min_int(w.first, p->KW - 1);
  float best = -__builtin_inff();
  int found = 0;
  for (int kh = h.first; kh < h.stop; kh++)
    for (int kw = w.first; kw < w.stop; kw++) {
      float v = x[(top + kh * p->DH) * p->W + left + kw * p->DW];
      if (!found || (best == best && !(v <= best))) best = v, *index = kh * p->KW + kw, found = 1;
    }
  return best;
}

/* The windows [first, stop) along an axis that lie inside the image. */
INLINE Taps whole_windows(int windows, int span, int stride, int pad, int size) {
  int stop = size + pad < span ? 0 : (size + pad - span) / stride + 1;
  int first = min_int(ceil_div(pad, stride), windows);
  return (Taps){first, max_int(first, min_int(stop, windows))};
}

INLINE void max_pool_sized(float *y, void *indexes, int wide, const float *x, const Pool *p, int KH, int KW, int SW,
                           int DH, int DW) {
  Taps whole = whole_windows(p->OW, span(KW, DW), SW, p->PW, p->W);
  for (int plane = 0, row = 0; plane < p->planes; plane++, x += p->H * p->W)
    for (int oh = 0; oh < p->OH; oh++, row += p->OW) {
      int top = oh * p->SH - p->PH, inside = top >= 0 && top + span(KH, DH) <= p->H;
      for (int ow = 0; ow < p->OW;) {
        if (!inside || ow < whole.first || ow >= whole.stop || whole.stop - whole.first < 4) {
          int index;
          y[row + ow] = edge_max(p, x, top, ow * SW - p->PW, &index);
          keep_index(indexes, wide, row + ow, index);
          ow++;
          continue;
        }
        ow = min_int(ow, whole.stop - 4); /* the last four windows may overlap the ones before */
        const float *corner = x + top * p->W + ow * SW - p->PW;
        f4 best = load_strided(corner, SW), index = wasm_i32x4_splat(0);
        for (int kh = 0; kh < KH; kh++)
          for (int kw = 0; kw < KW; kw++) {
            f4 v = load_strided(corner + kh * DH * p->W + kw * DW, SW);
            f4 larger = wasm_v128_andnot(wasm_f32x4_eq(best, best), wasm_f32x4_le(v, best));
            best = wasm_v128_bitselect(v, best, larger);
            index = wasm_v128_bitselect(wasm_i32x4_splat(kh * KW + kw), index, larger);
          }
        store(y + row + ow, best);
        f4 halves = wasm_u16x8_narrow_i32x4(index, index);
        if (wide)
          wasm_v128_store64_lane((uint16_t *)indexes + row + ow, halves, 0);
        else
          wasm_v128_store32_lane((uint8_t *)indexes + row + ow, wasm_u8x16_narrow_i16x8(halves, halves), 0);
        ow += 4;
      }
    }
}

/* The first of the largest pixels of each window; NaN is the largest. `wide`: indexes of 16 bits. */
EXPORT void max_pool(float *y, void *indexes, int wide, const float *x, POOL) {
  const Pool p = THE_POOL;
  if (KH == 2 && KW == 2 && SW == 2 && DH == 1 && DW == 1) /* the usual one, with its loops unrolled */
    max_pool_sized(y, indexes, wide, x, &p, 2, 2, 2, 1, 1);
  else
    max_pool_sized(y, indexes, wide, x, &p, KH, KW, SW, DH, DW);
}

/* The offset in the plane of the pixel that window (oh, ow) chose; -1 in the padding. */
INLINE int taken(const Pool *p, int index, int oh, int ow) {
  int kh = index / p->KW;
  int h = oh * p->SH - p->PH + kh * p->DH, w = ow * p->SW - p->PW + (index - kh * p->KW) * p->DW;
  return h >= 0 && h < p->H && w >= 0 && w < p->W ? h * p->W + w : -1;
}

/* Windows of 2 x 2 that do not overlap: every pixel of a row pair gets its window's gradient or 0. */
static int max_pool_grad_halving(float *gx, const float *gy, const uint8_t *indexes, const Pool *p) {
  f4 most = splat(0);
  for (int plane = 0, at = 0; plane < p->planes; plane++, gx += p->H * p->W)
    for (int oh = 0; oh < p->OH; oh++) {
      float *row = gx + 2 * oh * p->W;
      int ow = 0;
      for (; ow + 4 <= p->OW; ow += 4, at += 4, row += 8) {
        f4 index = four_bytes(indexes + at);
        f4 g = load(gy + at), pixel[4];
        most = wasm_i32x4_max(most, index);
        for (int k = 0; k < 4; k++) pixel[k] = wasm_v128_and(g, wasm_i32x4_eq(index, wasm_i32x4_splat(k)));
        for (int k = 0; k < 2; k++) {
          store(row + k * p->W, wasm_i32x4_shuffle(pixel[2 * k], pixel[2 * k + 1], 0, 4, 1, 5));
          store(row + k * p->W + 4, wasm_i32x4_shuffle(pixel[2 * k], pixel[2 * k + 1], 2, 6, 3, 7));
        }
      }
      for (; ow < p->OW; ow++, at++, row += 2) {
        if (indexes[at] >= 4) return 0;
        row[indexes[at] / 2 * p->W + indexes[at] % 2] = gy[at];
      }
    }
  return !wasm_v128_any_true(wasm_i32x4_gt(most, wasm_i32x4_splat(3)));
}

/* Add each window's gradient to gx, zero at first, at the pixel that its index names. Returns 0 if an index names no
 * pixel of a window. */
EXPORT int max_pool_grad(float *gx, const float *gy, const void *indexes, int wide, POOL) {
  const Pool p = THE_POOL;
  int inside = PH == 0 && PW == 0 && 2 * OH <= H && 2 * OW <= W;
  if (KH == 2 && KW == 2 && SH == 2 && SW == 2 && DH == 1 && DW == 1 && inside)
    return max_pool_grad_halving(gx, gy, indexes, &p);
  for (int plane = 0, at = 0; plane < planes; plane++, gx += H * W)
    for (int oh = 0; oh < OH; oh++)
      for (int ow = 0; ow < OW; ow++, at++) {
        int index = index_at(indexes, wide, at), pixel = taken(&p, index, oh, ow);
        if (index >= KH * KW) return 0;
        if (pixel >= 0) gx[pixel] += gy[at];
      }
  return 1;
}

/* The pixels of x that the indexes name; padding is 0. Returns 0 if an index names no pixel of a window. */
EXPORT int max_pool_gather(float *y, const float *x, const void *indexes, int wide, POOL) {
  const Pool p = THE_POOL;
  for (int plane = 0, at = 0; plane < planes; plane++, x += H * W)
    for (int oh = 0; oh < OH; oh++)
      for (int ow = 0; ow < OW; ow++, at++) {
        int index = index_at(indexes, wide, at), pixel = taken(&p, index, oh, ow);
        if (index >= KH * KW) return 0;
        y[at] = pixel >= 0 ? x[pixel] : 0;
      }
  return 1;
}

/* ---------------------------------------------------------------------------------------- average pooling */

/* The number of pixels of a window's mean; it may exceed an int if the kernel is larger than any image. */
INLINE float window_count(const Pool *p, Taps h, Taps w, int count_padding) {
  if (count_padding) return (float)p->KH * (float)p->KW;
  return (float)max_int(1, max_int(0, h.stop - h.first) * max_int(0, w.stop - w.first));
}

EXPORT void avg_pool(float *y, const float *x, int count_padding, POOL) {
  const Pool p = THE_POOL;
  Taps whole = whole_windows(OW, KW, SW, PW, W);
  for (int plane = 0; plane < planes; plane++, x += H * W)
    for (int oh = 0; oh < OH; oh++, y += OW) {
      int top = oh * SH - PH;
      Taps h = taps_inside(top, KH, 1, H);
      for (int ow = 0; ow < OW;) {
        int four = ow >= whole.first && ow < whole.stop && whole.stop - whole.first >= 4;
        if (four) ow = min_int(ow, whole.stop - 4);
        int left = ow * SW - PW;
        Taps w = taps_inside(left, KW, 1, W);
        float count = window_count(&p, h, w, count_padding);
        if (four) {
          f4 sums = splat(0);
          for (int kh = h.first; kh < h.stop; kh++)
            for (int kw = 0; kw < KW; kw++) sums = add(sums, load_strided(x + (top + kh) * W + left + kw, SW));
          store(y + ow, wasm_f32x4_div(sums, splat(count)));
          ow += 4;
        } else {
          float sum = 0;
          for (int kh = h.first; kh < h.stop; kh++)
            for (int kw = w.first; kw < w.stop; kw++) sum += x[(top + kh) * W + left + kw];
          y[ow++] = sum / count;
        }
      }
    }
}

/* Add each window's gradient to gx, zero at first, in equal shares. */
EXPORT void avg_pool_grad(float *gx, const float *gy, int count_padding, POOL) {
  const Pool p = THE_POOL;
  Taps whole = whole_windows(OW, KW, SW, PW, W);
  int halving = SW == 2 && KW == 2, fours = SW == 1 || halving ? whole.first + (whole.stop - whole.first) / 4 * 4 : 0;
  for (int plane = 0; plane < planes; plane++, gx += H * W)
    for (int oh = 0; oh < OH; oh++, gy += OW) {
      int top = oh * SH - PH;
      Taps h = taps_inside(top, KH, 1, H), all = {0, KW};
      f4 count = splat(window_count(&p, h, all, count_padding));
      for (int kh = h.first; kh < h.stop; kh++) {
        float *row = gx + (top + kh) * W - PW;
        for (int ow = whole.first; halving && ow < fours; ow += 4) {
          f4 share = wasm_f32x4_div(load(gy + ow), count);
          float *at = row + 2 * ow;
          store(at, add(load(at), wasm_i32x4_shuffle(share, share, 0, 0, 1, 1)));
          store(at + 4, add(load(at + 4), wasm_i32x4_shuffle(share, share, 2, 2, 3, 3)));
        }
        /* tap by tap, since a load that overlaps the last store stalls */
        for (int kw = 0; !halving && kw < KW; kw++)
          for (int ow = whole.first; ow < fours; ow += 4)
            store(row + ow + kw, add(load(row + ow + kw), wasm_f32x4_div(load(gy + ow), count)));
      }
      for (int ow = 0; ow < OW; ow++) {
        if (ow >= whole.first && ow < fours) continue;
        int left = ow * SW - PW;
        Taps w = taps_inside(left, KW, 1, W);
        float share = gy[ow] / window_count(&p, h, w, count_padding);
        for (int kh = h.first; kh < h.stop; kh++)
          for (int kw = w.first; kw < w.stop; kw++) gx[(top + kh) * W + left + kw] += share;
      }
    }
}

/* ------------------------------------------------------------------------------------------------ columns */

/* The windows [first, stop) along an axis whose tap lies inside: tap at i * stride + shift, of `size` pixels. */
INLINE Taps windows_inside(int windows, int stride, int shift, int size) {
  int first = min_int(max_int(0, ceil_div(-shift, stride)), windows);
  return (Taps){first, max_int(first, min_int(ceil_div(size - shift, stride), windows))};
}

/* col (planes, KH, KW, OH, OW): the pixel under each tap of each window. */
EXPORT void im2col(float *col, const float *x, POOL) {
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

/* Add to each pixel of x, zero at first, its copies in col. */
EXPORT void col2im(float *x, const float *col, POOL) {
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
