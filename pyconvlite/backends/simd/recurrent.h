/* The steps of LSTM and GRU, with states (N, H). The rows of W, the weights of h, are H; its columns are the gates,
 * H each. hs (T + 1, N, H) holds h before the first step and after each; cs is alike. N may be a part of a batch: in
 * arrays of all steps, a step has `stride` rows, of which the first N are used. */
#pragma once

#include "elementary.h"
#include "matmul.h"

/* Pack B (K, N), which every step multiplies by; its panels take K * (N rounded up to NR) floats. */
EXPORT void pack_weights(float *packed, const float *b, int row, int column, int K, int N) {
  for (int k = 0; k < K; k += KC) {
    int depth = min_int(KC, K - k);
    steps(along_b, depth, row);
    for (int j = 0; j < N; j += NC) {
      int columns = min_int(NC, N - j);
      steps(line_of_b, columns, column);
      pack_b(packed, b + k * row + j * column, line_of_b, columns, along_b, depth);
      packed += ceil_div(columns, NR) * NR * depth;
    }
  }
}

/* c (M, N) = a (M, K) B, added to what is there in the mode ADD, with B from pack_weights, or b itself without it. */
SHARED void times_weights(float *c, const float *a, const float *packed, const float *b, int row, int column, int M,
                          int N, int K, Mode mode) {
  if (!packed) {
    products(c, a, 0, K, 1, b, 0, row, column, 1, M, N, K, mode);
    return;
  }
  for (int k = 0; k < K; k += KC, mode = ADD) {
    int depth = min_int(KC, K - k);
    steps(along_a, depth, 1);
    for (int j = 0; j < N; j += NC) {
      int columns = min_int(NC, N - j);
      steps(column_of_c, columns, 1);
      for (int i = 0; i < M; i += MC) {
        int rows = min_int(MC, M - i);
        steps(line_of_a, rows, K);
        steps(row_of_c, rows, N);
        pack_a((Matrix){a + i * K + k, line_of_a, along_a}, rows, depth);
        multiply((Target){c + i * N + j, row_of_c, column_of_c}, a_panels, (Matrix){0}, (float *)packed, 1, rows,
                 columns, depth, 0, mode);
      }
      packed += ceil_div(columns, NR) * NR * depth;
    }
  }
}

static void copy_floats(float *to, const float *from, int size) { __builtin_memcpy(to, from, (uint64_t)size * 4); }

/* x = f(x + bias), of `size` elements. The last ones, which fill no vector, are computed in a copy, so that the loop
 * calls no function: its constants would not stay in registers. */
#define DEFINE_ACTIVATION(name, f)                                                         \
  SHARED void name(float *x, const float *bias, int size) {                                \
    for (; size >= 4; size -= 4, x += 4, bias += 4) store(x, f(add(load(x), load(bias)))); \
    if (!size) return;                                                                     \
    float copy[4], own_bias[4];                                                            \
    store(copy, tail(x, size)), store(own_bias, tail(bias, size));                         \
    name(copy, own_bias, 4);                                                               \
    put_tail(x, load(copy), size);                                                         \
  }
DEFINE_ACTIVATION(sigmoids, sigmoid_of)
DEFINE_ACTIVATION(tanhs, tanh_of)

/* As `some` and `put_some`; `whole`: all vectors are whole. Functions with this as a constant are compiled for both
 * cases. */
INLINE f4 get(const float *p, int count, int whole) { return whole ? load(p) : some(p, count); }
INLINE void set(float *p, f4 v, int count, int whole) {
  if (whole)
    store(p, v);
  else
    put_some(p, v, count);
}
#define FOR_WHOLE(call)  \
  if (H % 4 == 0) {      \
    const int whole = 1; \
    call;                \
  } else {               \
    const int whole = 0; \
    call;                \
  }

/* v * (1 - v), the derivative of the sigmoid that is v, and 1 - v^2, that of tanh. */
INLINE f4 slope_of_sigmoid(f4 v) { return mul(v, sub(splat(1), v)); }
INLINE f4 slope_of_tanh(f4 v) { return sub(splat(1), mul(v, v)); }

/* c and h after a step of one sequence, from its gates. */
INLINE void lstm_row(float *next_h, float *next_c, const float *gates, const float *c, int H, int whole) {
  for (int j = 0; j < H; j += 4) {
    int left = H - j;
    f4 f = get(gates + j, left, whole), i = get(gates + H + j, left, whole), o = get(gates + 2 * H + j, left, whole);
    f4 u = get(gates + 3 * H + j, left, whole), next = madd(f, get(c + j, left, whole), mul(i, u));
    set(next_c + j, next, left, whole);
    set(next_h + j, mul(tanh_of(next), o), left, whole);
  }
}

/* gates (T, N, 4 H): x Wx on entry, f, i, o, u on return. */
EXPORT void lstm(float *hs, float *cs, float *gates, const float *packed, const float *W, const float *bias,
                 const float *h, const float *c, int T, int N, int stride, int H) {
  int G = 4 * H;
  copy_floats(hs, h, N * H);
  copy_floats(cs, c, N * H);
  for (int t = 0; t < T; t++) {
    float *next_h = hs + stride * H, *next_c = cs + stride * H;
    times_weights(gates, hs, packed, W, G, 1, N, G, H, ADD);
    for (int n = 0; n < N; n++) {
      float *row = gates + n * G;
      sigmoids(row, bias, 3 * H);
      tanhs(row + 3 * H, bias + 3 * H, H);
      FOR_WHOLE(lstm_row(next_h + n * H, next_c + n * H, row, cs + n * H, H, whole))
    }
    hs = next_h, cs = next_c, gates += stride * G;
  }
}

/* The gradients of a step of one sequence: `to` of what the gates were computed from, gc of c before it; g and gh are
 * those of h after it. */
INLINE void lstm_grad_row(float *to, float *gc, const float *gh, const float *g, const float *gates,
                          const float *before, const float *after, int H, int whole) {
  for (int j = 0; j < H; j += 4) {
    int left = H - j;
    f4 f = get(gates + j, left, whole), i = get(gates + H + j, left, whole), o = get(gates + 2 * H + j, left, whole);
    f4 u = get(gates + 3 * H + j, left, whole), tanh_c = tanh_of(get(after + j, left, whole));
    f4 of_h = add(get(gh + j, left, whole), get(g + j, left, whole));
    f4 of_c = madd(mul(of_h, o), slope_of_tanh(tanh_c), get(gc + j, left, whole));
    set(to + j, mul(mul(of_c, get(before + j, left, whole)), slope_of_sigmoid(f)), left, whole);
    set(to + H + j, mul(mul(of_c, u), slope_of_sigmoid(i)), left, whole);
    set(to + 2 * H + j, mul(mul(of_h, tanh_c), slope_of_sigmoid(o)), left, whole);
    set(to + 3 * H + j, mul(mul(of_c, i), slope_of_tanh(u)), left, whole);
    set(gc + j, mul(of_c, f), left, whole);
  }
}

/* ga: the gradients of what the gates were computed from. gh and gc are those of the states before the first step;
 * `of_c` is that of the last c. */
EXPORT void lstm_grad(float *gh, float *gc, float *ga, const float *packed, const float *W, const float *cs,
                      const float *gates, const float *ghs, const float *of_c, int T, int N, int stride, int H) {
  int G = 4 * H;
  __builtin_memset(gh, 0, (uint64_t)(N * H) * 4);
  copy_floats(gc, of_c, N * H);
  for (int t = T - 1; t >= 0; t--) {
    int first = t * stride;
    for (int n = 0; n < N; n++) {
      int row = first + n;
      FOR_WHOLE(lstm_grad_row(ga + row * G, gc + n * H, gh + n * H, ghs + row * H, gates + row * G, cs + row * H,
                              cs + (row + stride) * H, H, whole))
    }
    times_weights(gh, ga + first * G, packed, W, 1, G, N, H, G, SET);
  }
}

/* gates (T, N, 3 H): x Wx on entry, r, z, n on return; terms (T, N, H): what r is multiplied with. `of_h`: workspace
 * (N, 3 H). bias: that of x, then that of h. */
EXPORT void gru(float *hs, float *gates, float *terms, float *of_h, const float *packed, const float *W,
                const float *bias, const float *h, int T, int N, int stride, int H) {
  int G = 3 * H;
  const float *bias_h = bias + G;
  copy_floats(hs, h, N * H);
  for (int t = 0; t < T; t++) {
    float *next = hs + stride * H;
    times_weights(of_h, hs, packed, W, G, 1, N, G, H, SET);
    for (int row = 0; row < N; row++) {
      const float *s = of_h + row * G, *before = hs + row * H;
      float *a = gates + row * G, *n = a + 2 * H, *m = terms + row * H;
      for (int j = 0; j < 2 * H; j += 4) {
        int left = 2 * H - j;
        put_some(a + j, add(some(a + j, left), add(some(s + j, left), some(bias_h + j, left))), left);
      }
      sigmoids(a, bias, 2 * H);
      for (int j = 0; j < H; j += 4) {
        int left = H - j;
        f4 term = add(some(s + 2 * H + j, left), some(bias_h + 2 * H + j, left));
        put_some(m + j, term, left);
        put_some(n + j, madd(some(a + j, left), term, some(n + j, left)), left);
      }
      tanhs(n, bias + 2 * H, H);
      for (int j = 0; j < H; j += 4) {
        int left = H - j;
        f4 new = some(n + j, left), z = some(a + H + j, left);
        put_some(next + row * H + j, madd(z, sub(some(before + j, left), new), new), left);
      }
    }
    hs = next, gates += stride * G, terms += stride * H;
  }
}

/* of_x and of_h, in the shape of gates: the gradients of what x and what h is multiplied to. gh: that of the state
 * before the first step. */
EXPORT void gru_grad(float *gh, float *of_x, float *of_h, const float *packed, const float *W, const float *hs,
                     const float *gates, const float *terms, const float *ghs, int T, int N, int stride, int H) {
  int G = 3 * H;
  __builtin_memset(gh, 0, (uint64_t)(N * H) * 4);
  for (int t = T - 1; t >= 0; t--) {
    int first = t * stride;
    for (int k = 0; k < N; k++) {
      int row = first + k;
      const float *a = gates + row * G, *before = hs + row * H, *m = terms + row * H, *g = ghs + row * H;
      float *to_x = of_x + row * G, *to_h = of_h + row * G, *gh_row = gh + k * H;
      for (int j = 0; j < H; j += 4) {
        int left = H - j;
        f4 r = some(a + j, left), z = some(a + H + j, left), n = some(a + 2 * H + j, left);
        f4 all = add(some(gh_row + j, left), some(g + j, left));
        f4 gn = mul(mul(all, sub(splat(1), z)), slope_of_tanh(n));
        f4 gr = mul(mul(gn, some(m + j, left)), slope_of_sigmoid(r));
        f4 gz = mul(mul(all, sub(some(before + j, left), n)), slope_of_sigmoid(z));
        put_some(to_x + j, gr, left);
        put_some(to_x + H + j, gz, left);
        put_some(to_x + 2 * H + j, gn, left);
        put_some(to_h + j, gr, left);
        put_some(to_h + H + j, gz, left);
        put_some(to_h + 2 * H + j, mul(gn, r), left);
        put_some(gh_row + j, mul(all, z), left);
      }
    }
    times_weights(gh, of_h + first * G, packed, W, 1, G, N, H, G, ADD);
  }
}
