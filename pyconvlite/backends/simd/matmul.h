/* The matrix product that convolution and the fully connected layer are made of.
 *
 * Every operand is a matrix whose element (i, j) lies at data[row[i] + column[j]]. That covers plain and
 * transposed matrices (row[i] = i * stride), the columns of im2col without their being built (row[k]: the way
 * from a window's corner to its pixel k; column[p]: where window p begins), kernels read in either direction, and
 * images whose pixels are the other axis. A product packs a block of each operand into panels that the innermost
 * loop reads from front to back, as in Goto and van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication" (2008):
 *
 *   A: panels of MR rows, each [K][MR];  B: panels of 8 columns, each [K][8];  C: MR x 8 sums held in registers.
 *
 * MR is 6 or 4. Where it is 6, up to two panels of A, the last ones, have 4 rows: any even number of rows from 4 on is
 * a sum of sixes and at most two fours.
 */
#pragma once

#include "vector.h"

/* Rows of C that the registers hold. Engines on x86 have 15 for vectors: for 12 of sums, 2 of B and 1 of A, but not for
 * a product before it is added. */
#ifdef __wasm_relaxed_simd__
enum { MR = 6 };
#else
enum { MR = 4 };
#endif

enum {
  MR_LAST = 4, /* rows of the last panels */
  NR = 8,      /* columns of C */
  KC = 256,    /* length of the summed axis at a time: a panel of B, KC x NR, stays in the L1 cache */
  MC = 128,    /* rows and columns at a time: packed blocks of A and B stay in the L2 cache */
  NC = 400,
  K_MOST = 4096, /* the same where the summed axis cannot be cut: the pixels of one window */
  AT_ONCE = 16,  /* the most lines that a loop takes at once */
  GROUP = 32     /* panels of B that share a pass over A, the most */
};

static float a_panels[MC * KC], b_panels[NC * KC];

/* Offsets along an axis of the current block, and along one that may be as long as a window; padded, since loops read
 * up to AT_ONCE of them at a time. */
typedef int Offsets[NC + AT_ONCE];
typedef int LongOffsets[K_MOST + AT_ONCE];

typedef struct {
  const float *data;
  const int *row, *column;
} Matrix;

/* Whether four offsets are contiguous, so that one load reads them. */
INLINE int adjacent(const int *offset) {
  return offset[1] == offset[0] + 1 && offset[2] == offset[0] + 2 && offset[3] == offset[0] + 3;
}

INLINE f4 gather(const float *data, const int *offset) {
  f4 v = wasm_v128_load32_zero(data + offset[0]);
  v = wasm_v128_load32_lane(data + offset[1], v, 1);
  v = wasm_v128_load32_lane(data + offset[2], v, 2);
  return wasm_v128_load32_lane(data + offset[3], v, 3);
}

INLINE f4 gather_two(const float *data, const int *offset) {
  return wasm_v128_load32_lane(data + offset[1], wasm_v128_load32_zero(data + offset[0]), 1);
}

/* Pack four lines of a matrix in a panel of `width`: panel[k][line]. `line` and `along` are the offsets of the panel's
 * axis and of the summed one. The first `count` lines exist; the last that does, which is before `line` if `count` is
 * not positive, takes the place of the others. */
INLINE void pack_four(float *panel, int width, const float *data, const int *line, int count, const int *along, int K) {
  int four[4];
  for (int l = 0; l < 4; l++) four[l] = line[min_int(l, count - 1)];
  if (adjacent(four)) {
    for (int k = 0; k < K; k++) store(panel + k * width, load(data + four[0] + along[k]));
    return;
  }
  int k = 0;
  while (k < K) {
    if (k + 4 <= K && adjacent(along + k)) {
      f4 v[4];
      for (int l = 0; l < 4; l++) v[l] = load(data + four[l] + along[k]);
      transpose(v);
      for (int j = 0; j < 4; j++) store(panel + (k + j) * width, v[j]);
      k += 4;
    } else {
      store(panel + k * width, gather(data + along[k], four));
      k++;
    }
  }
}

/* The same of two lines. */
INLINE void pack_two(float *panel, int width, const float *data, const int *line, int count, const int *along, int K) {
  int two[2] = {line[0], line[min_int(1, count - 1)]};
  if (two[1] == two[0] + 1) {
    for (int k = 0; k < K; k++)
      wasm_v128_store64_lane(panel + k * width, wasm_v128_load64_zero(data + two[0] + along[k]), 0);
    return;
  }
  int k = 0;
  while (k < K) {
    float *to = panel + k * width;
    if (k + 4 <= K && adjacent(along + k)) {
      f4 a = load(data + two[0] + along[k]), b = load(data + two[1] + along[k]);
      f4 pairs = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), others = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
      wasm_v128_store64_lane(to, pairs, 0);
      wasm_v128_store64_lane(to + width, pairs, 1);
      wasm_v128_store64_lane(to + 2 * width, others, 0);
      wasm_v128_store64_lane(to + 3 * width, others, 1);
      k += 4;
    } else {
      wasm_v128_store64_lane(to, gather_two(data + along[k], two), 0);
      k++;
    }
  }
}

/* Pack `count` columns of B. */
SHARED void pack_b(float *panels, const float *data, const int *column, int count, const int *row, int K) {
  for (int j = 0; j < count; j += NR, panels += NR * K)
    for (int four = 0; four < NR; four += 4)
      pack_four(panels + four, NR, data, column + j + four, count - j - four, row, K);
}

/* After `count` offsets repeat the last, since loops read past the end. */
INLINE void repeat_last(int *offset, int count) {
  for (int i = 0; i < AT_ONCE; i++) offset[count + i] = count ? offset[count - 1] : 0;
}

INLINE void steps(int *offset, int count, int step) {
  for (int i = 0; i < count; i++) offset[i] = i * step;
  repeat_last(offset, count);
}

/* How many rows the panels of M rows of A have, and how many of these the panels of MR, which are the first. */
INLINE int packed_rows(int M) { return MR == 4 ? ceil_div(M, 4) * 4 : max_int(4, M + M % 2); }
INLINE int tall_rows(int M) {
  int rows = packed_rows(M), last_panels = MR == 4 ? 0 : (6 - rows % 6) / 2 % 3;
  return rows - last_panels * MR_LAST;
}

SHARED void pack_a(Matrix A, int M, int K) {
  int tall = tall_rows(M);
  for (int i = 0; i < tall; i += MR) {
    pack_four(a_panels + i * K, MR, A.data, A.row + i, M - i, A.column, K);
    if (MR == 6) pack_two(a_panels + i * K + 4, MR, A.data, A.row + i + 4, M - i - 4, A.column, K);
  }
  for (int i = tall; i < M; i += MR_LAST) pack_four(a_panels + i * K, MR_LAST, A.data, A.row + i, M - i, A.column, K);
}

typedef struct {
  float *data;
  const int *row, *column;
} Target;

/* How sums are stored: SET starts at a bias, ADD at the values there; RELU then bounds them by 0 and `relu_most`. */
typedef enum { SET = 0, ADD = 1, RELU = 2 } Mode;

static float relu_most; /* of the convolution that is computed: infinite, or 6 for ReLU6 */

INLINE f4 bounded(f4 x) { return wasm_f32x4_pmin(positive(x), splat(relu_most)); }

/* Write four sums of one row of C; `whole`: its columns are four, and contiguous. */
INLINE void put(float *row, const int *column, int columns, int whole, f4 sums, Mode mode, float start) {
  if (whole) {
    float *first = row + column[0];
    f4 v = add(sums, mode & ADD ? load(first) : splat(start));
    store(first, mode & RELU ? bounded(v) : v);
    return;
  }
  float lanes[4];
  store(lanes, sums);
  for (int j = 0; j < min_int(4, columns); j++) {
    float *c = row + column[j];
    float v = (mode & ADD ? *c : start) + lanes[j];
    *c = !(mode & RELU) ? v : v < 0 ? 0 : v > relu_most ? relu_most : v;
  }
}

INLINE int whole(const int *column, int columns) { return columns >= 4 && adjacent(column); }

/* A panel of B: its data; if it is not packed, the offset of each row in B, and where to pack them as they are first
 * read, if they are read again; its columns of C: how many, whether they are contiguous in fours, and where these
 * begin. */
typedef struct {
  const float *data;
  const int *along;
  float *keep;
  int columns, whole, left, right;
} Panel;

/* Rows of C, each at left + row[r] and right + row[r]: the sums of the products of a panel of A, [K][height], and of a
 * panel of B, or of its first `vectors` times four columns. */
INLINE void sum_panel(float *left, float *right, const int *row, const float *a, int height, const Panel *b,
                      int in_place, float *keep, int K, int vectors, const float *bias, Mode mode) {
  f4 c[MR * NR / 4];
  const float *data = b->data;
  const int *along = b->along;
#pragma clang loop unroll(full)
  for (int i = 0; i < height * vectors; i++) c[i] = splat(0);
#pragma clang loop unroll(disable)
  for (int k = 0; k < K; k++, a += height) {
    const float *a_k = a, *b_k = in_place ? data + *along++ : data;
    f4 v[NR / 4];
    OPAQUE(a_k);
    OPAQUE(b_k);
    if (!in_place) data += NR;
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      v[j] = load(b_k + 4 * j);
      if (keep) store(keep + 4 * j, v[j]);
    }
    if (keep) keep += NR;
#pragma clang loop unroll(full)
    for (int i = 0; i < height; i++) {
      f4 weight = wasm_v128_load32_splat(a_k + i);
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++) {
        f4 *sum = c + i * vectors + j;
        *sum = madd(weight, v[j], *sum);
        PIN(*sum);
      }
    }
  }
  /* All are read before any is written: rows may coincide. */
#pragma clang loop unroll(full)
  for (int i = 0; i < height * vectors; i++) {
    int r = i / vectors;
    c[i] = add(c[i], mode & ADD ? load((i % vectors ? right : left) + row[r]) : splat(bias ? bias[r] : 0));
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < height * vectors; i++)
    store((i % vectors ? right : left) + row[i / vectors], mode & RELU ? bounded(c[i]) : c[i]);
}

/* Compile a call for either height of a panel of A. */
#define FOR_HEIGHT(height, call)      \
  if (MR > MR_LAST && height == MR) { \
    enum { HEIGHT = MR };             \
    call;                             \
  } else {                            \
    enum { HEIGHT = MR_LAST };        \
    call;                             \
  }

/* As sum_panel, from a panel that is not packed; it is packed on the way if it is read again. */
SHARED void sum_in_place(float *left, float *right, const int *row, const float *a, int height, Panel *b, int K,
                         const float *bias, Mode mode) {
  if (b->keep) {
    FOR_HEIGHT(height, sum_panel(left, right, row, a, HEIGHT, b, 1, b->keep, K, 2, bias, mode))
    b->data = b->keep, b->along = 0;
  } else
    FOR_HEIGHT(height, sum_panel(left, right, row, a, HEIGHT, b, 1, 0, K, 2, bias, mode))
}

/* As sum_panel, from the leading panels that are packed and whole. Returns how many they are. */
INLINE int sum_panels_sized(float *C, const int *row, const float *a, int height, const Panel *b, int count, int K,
                            const float *bias, Mode mode) {
  int n = 0;
  for (; n < count && b->whole && !b->along; n++, b++)
    sum_panel(C + b->left, C + b->right, row, a, height, b, 0, 0, K, 2, bias, mode);
  return n;
}

SHARED int sum_panels(float *C, const int *row, const float *a, int height, const Panel *b, int count, int K,
                      const float *bias, Mode mode) {
  if (mode == SET && !bias)
    FOR_HEIGHT(height, return sum_panels_sized(C, row, a, HEIGHT, b, count, K, 0, SET))
  else
    FOR_HEIGHT(height, return sum_panels_sized(C, row, a, HEIGHT, b, count, K, bias, mode))
}

INLINE int side_by_side(const int *column) {
  return adjacent(column) && adjacent(column + 4) && column[4] == column[3] + 1;
}

/* The panel that begins at column j, packed at `place` unless it is first read in place. */
INLINE Panel panel_of(Matrix B, const int *target, float *place, int packed, int M, int j, int N, int K) {
  const int *column = target + j;
  int columns = N - j;
  Panel panel = {place, 0, 0, columns, columns >= NR && adjacent(column) && adjacent(column + 4), *column, column[4]};
  if (packed) return panel;
  if (columns >= NR && side_by_side(B.column + j))
    panel.data = B.data + B.column[j], panel.along = B.row, panel.keep = M > MR ? place : 0;
  else
    pack_b(place, B.data, B.column + j, min_int(NR, columns), B.row, K);
  return panel;
}

/* At most `height` rows of C, in a panel whose columns may be fewer than eight, or not contiguous. */
SHARED void multiply_panel(Target C, const int *row, int rows, const float *a, int height, Panel *b, int j, int K,
                           const float *bias, Mode mode) {
  static const int apart[] = {0, NR, 2 * NR, 3 * NR, 4 * NR, 5 * NR};
  if (b->along && b->whole) {
    sum_in_place(C.data + b->left, C.data + b->right, row, a, height, b, K, bias, mode);
    return;
  }
  float sums[MR * NR];
  if (b->columns <= 4)
    FOR_HEIGHT(height, sum_panel(sums, sums, apart, a, HEIGHT, b, 0, 0, K, 1, 0, SET))
  else if (b->along)
    sum_in_place(sums, sums + 4, apart, a, height, b, K, 0, SET);
  else
    FOR_HEIGHT(height, sum_panel(sums, sums + 4, apart, a, HEIGHT, b, 0, 0, K, 2, 0, SET))
  for (int r = 0; r < rows; r++)
    for (int l = 0; l < min_int(NR, b->columns); l += 4) {
      const int *column = C.column + j + l;
      int columns = b->columns - l;
      put(C.data + row[r], column, columns, whole(column, columns), load(sums + r * NR + l), mode, bias ? bias[r] : 0);
    }
}

/* C (M, N) = A B, from packed panels of A; bias[i], where there is a bias, is what row i starts at. The panels of B are
 * packed on the way at `panels`, unless they are `packed` there already; as many at a time as stay in the L1 cache, so
 * that longer parts of a row of C are written in order. */
SHARED void multiply(Target C, const float *a_packed, Matrix B, float *panels, int packed, int M, int N, int K,
                     const float *bias, Mode mode) {
  Panel group[GROUP];
  int most = max_int(2, min_int(GROUP, GROUP * 16 / max_int(1, K))), tall = tall_rows(M);
  for (int j = 0; j < N; j += most * NR) {
    int count = min_int(most, ceil_div(N - j, NR));
    for (int n = 0; n < count; n++)
      group[n] = panel_of(B, C.column, panels + (j + n * NR) * K, packed, M, j + n * NR, N, K);
    for (int i = 0, height; i < M; i += height) {
      const float *a = a_packed + i * K, *start = bias ? bias + i : 0;
      const int *row = C.row + i;
      int last_rows[MR];
      float last_bias[MR];
      height = i < tall ? MR : MR_LAST;
      if (i + height > M) {
        for (int r = 0; r < height; r++) {
          int last = min_int(r, M - 1 - i);
          last_rows[r] = row[last], last_bias[r] = bias ? start[last] : 0;
        }
        row = last_rows, start = bias ? last_bias : 0;
      }
      for (int n = 0; n < count; n++) {
        n += sum_panels(C.data, row, a, height, group + n, count - n, K, start, mode);
        if (n < count) multiply_panel(C, row, min_int(height, M - i), a, height, group + n, j + n * NR, K, start, mode);
      }
    }
  }
}

static Offsets line_of_a, line_of_b, along_a, along_b, row_of_c, column_of_c;

/* c = a b for one row a, and b whose rows are read from front to back, four at a time. Rounded as `multiply` rounds. */
static void multiply_vector(float *c, const float *a, int step, const float *b, int b_row, int N, int K, int mode) {
  float *sums = b_panels;
  for (int k = 0; k < K; k += 4, b += 4 * b_row) {
    int count = min_int(4, K - k), j = 0;
    f4 x[4];
    for (int i = 0; i < 4; i++) x[i] = splat(i < count ? a[(k + i) * step] : 0);
    if (count == 4)
      for (; j + 4 <= N; j += 4) {
        f4 sum = k ? load(sums + j) : splat(0);
        for (int i = 0; i < 4; i++) sum = madd(x[i], load(b + i * b_row + j), sum);
        store(sums + j, sum);
      }
    for (; j < N; j += 4) {
      f4 sum = k ? load(sums + j) : splat(0);
      for (int i = 0; i < count; i++) {
        const float *row = b + i * b_row + j;
        sum = madd(x[i], some(row, N - j), sum);
      }
      store(sums + j, sum);
    }
  }
  for (int j = 0; j < N; j++) c[j] = mode & ADD ? c[j] + sums[j] : sums[j];
}

/* The product of a row and a column, both read from front to back. */
SHARED float dot(const float *a, const float *b, int K) {
  f4 sums[4] = {splat(0), splat(0), splat(0), splat(0)};
  int k = 0;
  for (; k + 16 <= K; k += 16)
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) sums[i] = madd(load(a + k + 4 * i), load(b + k + 4 * i), sums[i]);
  for (; k < K; k += 4) sums[0] = madd(some(a + k, K - k), some(b + k, K - k), sums[0]);
  return sum_of(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
}

/* c = a b, `batch` times; added to what is there in the mode ADD. Strides are in floats, of any sign; c lies row by
 * row. */
SHARED void products(float *c, const float *a, int a_batch, int a_row, int a_column, const float *b, int b_batch,
                     int b_row, int b_column, int batch, int M, int N, int K, Mode mode) {
  int sums = ceil_div(K, ceil_div(K, KC));
  steps(along_a, sums, a_column);
  steps(along_b, sums, b_row);
  for (int n = 0; n < batch; n++, a += a_batch, b += b_batch, c += M * N) {
    if (N == 1 && a_column == 1 && b_row == 1) {
      for (int i = 0; i < M; i++) c[i] = dot(a + i * a_row, b, K) + (mode & ADD ? c[i] : 0);
      continue;
    }
    for (int j = 0; j < N; j += NC) {
      int columns = min_int(NC, N - j);
      steps(line_of_b, columns, b_column);
      steps(column_of_c, columns, 1);
      for (int k = 0; k < K; k += sums) {
        int depth = min_int(sums, K - k);
        if (M == 1 && b_column == 1) {
          multiply_vector(c + j, a + k * a_column, a_column, b + k * b_row + j, b_row, columns, depth, k ? ADD : mode);
          continue;
        }
        Matrix B = {b + k * b_row + j * b_column, along_b, line_of_b};
        for (int i = 0; i < M; i += MC) {
          int rows = min_int(MC, M - i);
          steps(line_of_a, rows, a_row);
          steps(row_of_c, rows, N);
          pack_a((Matrix){a + i * a_row + k * a_column, line_of_a, along_a}, rows, depth);
          multiply((Target){c + i * N + j, row_of_c, column_of_c}, a_panels, B, b_panels, i > 0, rows, columns, depth,
                   0, k ? ADD : mode);
        }
      }
    }
  }
}

EXPORT void matmul(float *c, const float *a, int a_batch, int a_row, int a_column, const float *b, int b_batch,
                   int b_row, int b_column, int batch, int M, int N, int K) {
  products(c, a, a_batch, a_row, a_column, b, b_batch, b_row, b_column, batch, M, N, K, SET);
}
