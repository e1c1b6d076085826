/* LSTM and GRU over a sequence x (T, N, I) with states (N, H). The rows of W are the weights of x, those of h, and
 * the biases; its columns are the gates, H each. hs (T + 1, N, H) holds h before the first step and after each;
 * cs is alike. */
#pragma once

#include "elementary.h"
#include "matmul.h"

/* Pack B (K, N), which every step multiplies by, unless there is only one; its panels take K * (N rounded up to
 * NR) floats. */
SHARED void pack_weights(float *packed, const float *b, int row, int column, int K, int N, int T) {
  if (T == 1) return;
  for (int k = 0; k < K; k += KC) {
    int depth = min_int(KC, K - k);
    steps(along_b, depth, row);
    for (int j = 0; j < N; j += NC) {
      int columns = min_int(NC, N - j);
      steps(line_of_b, columns, column);
      pack(packed, NR, b + k * row + j * column, line_of_b, columns, along_b, depth);
      packed += ceil_div(columns, NR) * NR * depth;
    }
  }
}

/* c (M, N) = a (M, K) B, added to what is there in the mode ADD, with B from pack_weights, or b itself for T = 1. */
SHARED void times_weights(float *c, const float *a, const float *packed, const float *b, int row, int column, int M,
                          int N, int K, Mode mode, int T) {
  if (T == 1) {
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

/* gW's rows for x and for h, each summed over all steps. */
SHARED void weights_grad(float *gW, const float *x, const float *ga, int rows, int I, int G) {
  matmul(gW, x, 0, 1, I, ga, 0, G, 1, 1, I, G, rows);
}

/* x = f(x + bias), of `size` elements. Those that fill no vector are computed in a copy, lest the loop calls a
 * function: its constants would not stay in registers. */
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

/* As `some` and `put_some`; `whole` tells that all vectors are. Functions that have it as a constant are compiled for
 * either case. */
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

/* y = the sum of the rows of x (rows, size). */
SHARED void sum_rows(float *y, const float *x, int rows, int size) {
  for (int j = 0; j < size; j++) y[j] = 0;
  for (int n = 0; n < rows; n++, x += size)
    for (int j = 0; j < size; j += 4) put_some(y + j, add(some(y + j, size - j), some(x + j, size - j)), size - j);
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

/* gates (T, N, 4 H): f, i, o, u. */
EXPORT void lstm(float *hs, float *cs, float *gates, float *packed, const float *x, const float *h, const float *c,
                 const float *W, int T, int N, int I, int H) {
  int G = 4 * H;
  const float *bias = W + (I + H) * G;
  copy_floats(hs, h, N * H);
  copy_floats(cs, c, N * H);
  matmul(gates, x, 0, I, 1, W, 0, G, 1, 1, T * N, G, I);
  pack_weights(packed, W + I * G, G, 1, H, G, T);
  for (int t = 0; t < T; t++) {
    times_weights(gates, hs, packed, W + I * G, G, 1, N, G, H, ADD, T);
    for (int n = 0; n < N; n++, gates += G, hs += H, cs += H) {
      sigmoids(gates, bias, 3 * H);
      tanhs(gates + 3 * H, bias + 3 * H, H);
      FOR_WHOLE(lstm_row(hs + N * H, cs + N * H, gates, cs, H, whole))
    }
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

/* ga: workspace in the shape of gates; gh and gc arrive as 0 and as c's gradient. gx may be missing. */
EXPORT void lstm_grad(float *gx, float *gh, float *gc, float *gW, float *ga, float *packed, const float *x,
                      const float *W, const float *hs, const float *cs, const float *gates, const float *ghs, int T,
                      int N, int I, int H) {
  int G = 4 * H, rows = T * N;
  pack_weights(packed, W + I * G, 1, G, G, H, T);
  for (int t = T - 1; t >= 0; t--) {
    for (int n = 0; n < N; n++) {
      int row = t * N + n;
      FOR_WHOLE(lstm_grad_row(ga + row * G, gc + n * H, gh + n * H, ghs + row * H, gates + row * G, cs + row * H,
                              cs + (row + N) * H, H, whole))
    }
    times_weights(gh, ga + t * N * G, packed, W + I * G, 1, G, N, H, G, SET, T);
  }
  weights_grad(gW, x, ga, rows, I, G);
  weights_grad(gW + I * G, hs, ga, rows, H, G);
  sum_rows(gW + (I + H) * G, ga, rows, G);
  if (gx) matmul(gx, ga, 0, G, 1, W, 0, 1, G, 1, rows, I, G);
}

/* gates (T, N, 3 H): r, z, n; terms (T, N, H): what r is multiplied with. `of_h`: workspace (N, 3 H). */
EXPORT void gru(float *hs, float *gates, float *terms, float *of_h, float *packed, const float *x, const float *h,
                const float *W, int T, int N, int I, int H) {
  int G = 3 * H;
  const float *bias = W + (I + H) * G, *bias_h = bias + G;
  copy_floats(hs, h, N * H);
  matmul(gates, x, 0, I, 1, W, 0, G, 1, 1, T * N, G, I);
  pack_weights(packed, W + I * G, G, 1, H, G, T);
  for (int t = 0; t < T; t++) {
    times_weights(of_h, hs, packed, W + I * G, G, 1, N, G, H, SET, T);
    for (int row = 0; row < N; row++, gates += G, hs += H, terms += H) {
      const float *s = of_h + row * G;
      for (int j = 0; j < 2 * H; j += 4) {
        int left = 2 * H - j;
        put_some(gates + j, add(some(gates + j, left), add(some(s + j, left), some(bias_h + j, left))), left);
      }
      sigmoids(gates, bias, 2 * H);
      float *n = gates + 2 * H;
      for (int j = 0; j < H; j += 4) {
        int left = H - j;
        f4 m = add(some(s + 2 * H + j, left), some(bias_h + 2 * H + j, left));
        put_some(terms + j, m, left);
        put_some(n + j, madd(some(gates + j, left), m, some(n + j, left)), left);
      }
      tanhs(n, bias + 2 * H, H);
      for (int j = 0; j < H; j += 4) {
        int left = H - j;
        f4 new = some(n + j, left), z = some(gates + H + j, left);
        put_some(hs + N * H + j, madd(z, sub(some(hs + j, left), new), new), left);
      }
    }
  }
}

/* of_x and of_h: workspaces in the shape of gates, the gradients of what x and what h is multiplied to. */
EXPORT void gru_grad(float *gx, float *gh, float *gW, float *of_x, float *of_h, float *packed, const float *x,
                     const float *W, const float *hs, const float *gates, const float *terms, const float *ghs, int T,
                     int N, int I, int H) {
  int G = 3 * H, rows = T * N;
  pack_weights(packed, W + I * G, 1, G, G, H, T);
  for (int t = T - 1; t >= 0; t--) {
    for (int k = 0; k < N; k++) {
      int row = t * N + k;
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
    times_weights(gh, of_h + t * N * G, packed, W + I * G, 1, G, N, H, G, ADD, T);
  }
  weights_grad(gW, x, of_x, rows, I, G);
  weights_grad(gW + I * G, hs, of_h, rows, H, G);
  sum_rows(gW + (I + H) * G, of_x, rows, G);
  sum_rows(gW + (I + H + 1) * G, of_h, rows, G);
  if (gx) matmul(gx, of_x, 0, G, 1, W, 0, 1, G, 1, rows, I, G);
}
