/* Element-wise operations and reductions as functions that Python calls without ctypes, in a tenth of the time.
 *
 * They take NumPy's arrays as Python passes them, allocate the result by NumPy's C API, and pass a call that they do
 * not support on to NumPy's function. The structures are those of `numpy/ndarraytypes.h`, whose layout is part of
 * NumPy's ABI; `objects.py` checks it when it connects Python's and NumPy's functions, by their addresses: the side
 * module imports nothing.
 */
#pragma once

#include "elementwise.h"
#include "matmul.h"
#include "reduction.h"

typedef struct {
  int references;
  void *type;
} Object;

typedef struct {
  Object base;
  void *scalar_type;
  char kind, character, byte_order, flags;
  int number;
} Dtype;

typedef struct {
  Object base;
  char *data;
  int axes;
  int *shape, *strides;
  Object *owner;
  Dtype *dtype;
  int flags;
} Array;

/* The arguments of `connect`: types, then functions. */
static struct {
  void *array_type, *float_type, *int_type, *tuple_type;
  Object *none, *false_true[2];
  Object *(*new_array)(void *type, int axes, const int *shape, int dtype, const int *strides, void *data, int item_size,
                       int flags, Object *base);
  Object *(*vectorcall)(Object *callable, Object *const *args, int count, Object *names);
  double (*as_double)(Object *number);
  long (*as_long)(Object *number, int *overflow);
  int (*tuple_size)(Object *tuple);
  Object *(*tuple_item)(Object *tuple, int i);
  Object *(*new_int)(unsigned value);
  int (*is_true)(Object *object);
  void (*hold)(Object *object), (*release)(Object *object);
} python;

EXPORT void connect(void *const *pointers) { copy_bytes(&python, pointers, sizeof python); }

enum { BOOL = 0, FLOAT32 = 11, CONTIGUOUS = 1, MOST_AXES = 8, PART = 256, SHORT = 16 };

INLINE Array *as_array(Object *object) { return object->type == python.array_type ? (Array *)object : 0; }

INLINE int has_dtype(const Array *array, int number) {
  return array->dtype->number == number && array->dtype->byte_order != '>';
}

INLINE int size_of(const Array *array) {
  int size = 1;
  for (int i = 0; i < array->axes; i++) size *= array->shape[i];
  return size;
}

INLINE Array *new_array(int axes, const int *shape, int dtype) {
  return (Array *)python.new_array(python.array_type, axes, shape, dtype, 0, 0, 0, 0, 0);
}

/* Whether a contiguous array of float32, (rows, columns), is laid out as described above. */
EXPORT int layout_fits(Object *object, const void *data, int rows, int columns) {
  const Array *array = as_array(object);
  return array && array->data == data && array->axes == 2 && array->shape[0] == rows && array->shape[1] == columns &&
         array->strides[0] == 4 * columns && array->strides[1] == 4 && has_dtype(array, FLOAT32) &&
         array->flags & CONTIGUOUS;
}

/* -------------------------------------------------------------------------------------------------- operands */

typedef struct {
  Array *array; /* none for a number, which is then `value` */
  float value;
} Operand;

/* Read an array of floats, or a Python number, which a float32 holds; 0 for anything else. */
static int read_operand(Operand *operand, Object *object) {
  operand->array = as_array(object);
  if (operand->array) return has_dtype(operand->array, FLOAT32);
  double value;
  if (object->type == python.float_type) {
    value = python.as_double(object);
    if (__builtin_fabs(value) > 3.4028234e38 && __builtin_fabs(value) < __builtin_inf()) return 0;
  } else if (object->type == python.int_type) {
    int overflow;
    long integer = python.as_long(object, &overflow);
    if (overflow || integer > 1 << 24 || integer < -(1 << 24)) return 0;
    value = (double)integer;
  } else {
    return 0;
  }
  operand->value = (float)value;
  return 1;
}

/* ------------------------------------------------------------------------------------------------ broadcasting */

/* The axes along which operands are read, the innermost first; a step, in bytes, is 0 where an operand repeats. */
typedef struct {
  int axes, sizes[MOST_AXES], steps[3][MOST_AXES];
} Loops;

/* The shape that the operands broadcast to, and the loops over it with adjacent axes joined where they can be. Returns
 * the shape's number of axes, or -1 if it has too many, is empty, or there is none. */
static int broadcast(Loops *loops, int *shape, const Operand *operands, int count) {
  int axes = 0;
  for (int k = 0; k < count; k++)
    if (operands[k].array) axes = max_int(axes, operands[k].array->axes);
  if (axes > MOST_AXES) return -1;
  int n = 0;                                /* loops so far */
  for (int axis = 0; axis < axes; axis++) { /* from the last one */
    int size = 1, steps[3] = {0};
    for (int k = 0; k < count; k++) {
      const Array *array = operands[k].array;
      if (!array || axis >= array->axes) continue;
      int length = array->shape[array->axes - 1 - axis];
      if (length == 1) continue;
      if (size != 1 && size != length) return -1;
      size = length;
      steps[k] = array->strides[array->axes - 1 - axis];
    }
    if (size == 0) return -1;
    shape[axes - 1 - axis] = size;
    if (size == 1) continue;
    int joined = n > 0;
    for (int k = 0; k < count && joined; k++) joined = steps[k] == loops->steps[k][n - 1] * loops->sizes[n - 1];
    if (joined) {
      loops->sizes[n - 1] *= size;
      continue;
    }
    loops->sizes[n] = size;
    for (int k = 0; k < count; k++) loops->steps[k][n] = steps[k];
    n++;
  }
  if (n == 0) { /* one element */
    loops->sizes[0] = 1;
    for (int k = 0; k < count; k++) loops->steps[k][0] = 0;
    n = 1;
  }
  loops->axes = n;
  return axes;
}

/* Copy elements that are `step` bytes apart. */
INLINE void collect(char *to, const char *from, int count, int step, int item_size) {
  for (int i = 0; i < count; i++)
    if (item_size == 1)
      to[i] = from[i * step];
    else
      ((float *)to)[i] = *(const unaligned_float *)(from + i * step);
}

/* Compute y row by row. If the elements of an operand are neither contiguous nor repeated, or rows are so short that
 * the call would dominate, the operands are copied, a part of y at a time. */
static void run_loops(const Loops *loops, const Operand *operands, int count, const int *item_sizes, char *y,
                      int y_item_size, Compute compute) {
  float parts[3][PART];
  const char *x[3];
  int indexes[MOST_AXES] = {0}, size = loops->sizes[0], copied = loops->axes > 1 && size < SHORT, filled = 0;
  for (int k = 0; k < count; k++) {
    x[k] = operands[k].array ? operands[k].array->data : (const char *)&operands[k].value;
    copied |= loops->steps[k][0] && loops->steps[k][0] != item_sizes[k];
  }
  Row row = {.y = y, .size = copied ? PART : size};
  for (int k = 0; k < count; k++) row.steps[k] = copied || loops->steps[k][0];
  for (;;) {
    for (int start = 0, end; start < size; start = end) {
      end = copied ? min_int(size, start + PART - filled) : size;
      for (int k = 0; k < count; k++) {
        int step = loops->steps[k][0], item_size = item_sizes[k];
        row.x[k] = copied ? parts[k] : (const void *)x[k];
        if (copied) collect((char *)parts[k] + filled * item_size, x[k] + start * step, end - start, step, item_size);
      }
      filled += end - start;
      if (filled < row.size) break; /* the next row follows in the parts */
      compute_row(row, item_sizes, count, y_item_size, compute);
      row.y = (char *)row.y + filled * y_item_size;
      filled = 0;
    }
    int axis = 1;
    for (; axis < loops->axes; axis++) {
      for (int k = 0; k < count; k++) x[k] += loops->steps[k][axis];
      if (++indexes[axis] < loops->sizes[axis]) break;
      for (int k = 0; k < count; k++) x[k] -= loops->steps[k][axis] * loops->sizes[axis];
      indexes[axis] = 0;
    }
    if (axis == loops->axes) break;
  }
  row.size = filled;
  if (filled) compute_row(row, item_sizes, count, y_item_size, compute);
}

/* ------------------------------------------------------------------------------------------------- the calls */

/* The result of an operation for operands that it does not support; NULL is for an exception. */
#define NOT_SERVED ((Object *)1)

static Object *elementwise(const Operand *operands, int count, const int *item_sizes, int y_dtype, Compute compute) {
  Loops loops;
  int shape[MOST_AXES], axes = broadcast(&loops, shape, operands, count);
  if (axes < 0) return NOT_SERVED;
  Array *y = new_array(axes, shape, y_dtype);
  if (y) run_loops(&loops, operands, count, item_sizes, y->data, y_dtype == BOOL ? 1 : 4, compute);
  return (Object *)y;
}

static const int floats_only[] = {4, 4, 4}, float_and_bool[] = {4, 1}, bool_and_floats[] = {1, 4, 4};

static Object *unary(Object *const *args, int count, Compute compute) {
  Operand x;
  if (count != 1 || !read_operand(&x, args[0]) || !x.array) return NOT_SERVED;
  return elementwise(&x, 1, floats_only, FLOAT32, compute);
}

static Object *binary(Object *x0, Object *x1, int y_dtype, Compute compute) {
  Operand x[2];
  if (!read_operand(x, x0) || !read_operand(x + 1, x1) || !(x[0].array || x[1].array)) return NOT_SERVED;
  return elementwise(x, 2, floats_only, y_dtype, compute);
}

static Object *float_of(Object *const *args, int count, Compute compute) {
  return count == 2 ? binary(args[0], args[1], FLOAT32, compute) : NOT_SERVED;
}

static Object *ternary(Object *const *args, int count, Compute compute) {
  Operand x[3];
  for (int k = 0; k < 3; k++)
    if (count != 3 || !read_operand(x + k, args[k]) || !x[k].array) return NOT_SERVED;
  return elementwise(x, 3, floats_only, FLOAT32, compute);
}

static Object *bool_of(Object *const *args, int count, int swap, Compute compute) {
  return count == 2 ? binary(args[swap], args[1 - swap], BOOL, compute) : NOT_SERVED;
}

/* A product of floats, or of floats and booleans, which mask gradients. */
static Object *product(Object *const *args, int count) {
  if (count != 2) return NOT_SERVED;
  Operand x[2] = {{0}, {.array = as_array(args[1])}};
  if (x[1].array && has_dtype(x[1].array, BOOL) && read_operand(x, args[0]) && x[0].array)
    return elementwise(x, 2, float_and_bool, FLOAT32, mask_row);
  return binary(args[0], args[1], FLOAT32, mul_row);
}

static Object *power(Object *const *args, int count) {
  Operand c;
  if (count != 2 || as_array(args[1]) || !read_operand(&c, args[1])) return NOT_SERVED;
  Compute compute = c.value == 1       ? same_row
                    : c.value == 2     ? square_row
                    : c.value == 3     ? cube_row
                    : c.value == 4     ? fourth_row
                    : c.value == 0.5f  ? sqrt_row
                    : c.value == 1.5f  ? root_cubed_row
                    : c.value == -1    ? reciprocal_row
                    : c.value == -0.5f ? reciprocal_root_row
                    : c.value == -2    ? reciprocal_square_row
                                       : 0;
  return compute ? unary(args, 1, compute) : NOT_SERVED;
}

static Object *selection(Object *const *args, int count) {
  if (count != 3) return NOT_SERVED;
  Operand x[3] = {{.array = as_array(args[0])}};
  if (!x[0].array || !has_dtype(x[0].array, BOOL)) return NOT_SERVED;
  if (!read_operand(x + 1, args[1]) || !read_operand(x + 2, args[2]) || !(x[1].array || x[2].array)) return NOT_SERVED;
  return elementwise(x, 3, bool_and_floats, FLOAT32, where_row);
}

/* Bits of the axes to reduce, or 0 if an array of so many axes does not have them. */
static int read_axes(Object *axis, int axes) {
  if (axis == python.none) return (1 << axes) - 1;
  int given = axis->type == python.tuple_type ? python.tuple_size(axis) : 1, bits = 0;
  for (int i = 0; i < given; i++) {
    Object *each = axis->type == python.tuple_type ? python.tuple_item(axis, i) : axis;
    if (each->type != python.int_type) return 0;
    int overflow;
    long n = python.as_long(each, &overflow);
    if (n < 0) n += axes;
    if (overflow || n < 0 || n >= axes || bits >> n & 1) return 0;
    bits |= 1 << n;
  }
  return bits;
}

/* Arguments: x, axis (None, an integer or a tuple), keepdims. */
static Object *reduction(Object *const *args, int count, Reduction kind) {
  if (count != 3) return NOT_SERVED;
  Array *x = as_array(args[0]);
  if (!x || !has_dtype(x, FLOAT32) || x->axes > MOST_AXES || !size_of(x)) return NOT_SERVED;
  int reduced = read_axes(args[1], x->axes), keep = python.is_true(args[2]), shape[MOST_AXES], axes = 0;
  if (!reduced) return NOT_SERVED;
  Nest nest = {0};
  for (int axis = 0; axis < x->axes; axis++) {
    int is_reduced = reduced >> axis & 1;
    if (!is_reduced || keep) shape[axes++] = is_reduced ? 1 : x->shape[axis];
    add_axis(&nest, x->shape[axis], is_reduced);
  }
  Array *copy = 0;
  if (!(x->flags & CONTIGUOUS)) {
    Operand operand = {x};
    copy = (Array *)elementwise(&operand, 1, floats_only, FLOAT32, same_row);
    if (!copy) return 0;
  }
  Array *y = new_array(axes, shape, FLOAT32);
  if (y) reduce((float *)y->data, (const float *)(copy ? copy : x)->data, &nest, kind);
  if (copy) python.release(&copy->base);
  return (Object *)y;
}

static Object *counted(Object *y, int *calls, Object *numpys, Object *const *args, int count) {
  calls[y == NOT_SERVED]++;
  return y == NOT_SERVED ? python.vectorcall(numpys, args, count, 0) : y;
}

/* Defines name_call, of the type PyCFunctionFast, whose first argument is NumPy's function; and name_calls, which
 * returns the address of its counts of calls: its own, and those passed on to NumPy. */
#define CALL(name, attempt)                                                    \
  static int name##_counts[2];                                                 \
  EXPORT int *name##_calls(void) { return name##_counts; }                     \
  EXPORT Object *name##_call(Object *numpys, Object *const *args, int count) { \
    return counted(attempt, name##_counts, numpys, args, count);               \
  }
#define UNARY_CALL(name) CALL(name, unary(args, count, name##_row))
#define BINARY_CALL(name) CALL(name, float_of(args, count, name##_row))
#define REDUCTION_CALL(name, kind) CALL(name, reduction(args, count, kind))

UNARY_CALL(neg)
UNARY_CALL(abs)
UNARY_CALL(sqrt)
UNARY_CALL(sign)
UNARY_CALL(exp)
UNARY_CALL(expm1)
UNARY_CALL(log)
UNARY_CALL(log1p)
UNARY_CALL(sin)
UNARY_CALL(cos)
UNARY_CALL(relu)
UNARY_CALL(tanh)
UNARY_CALL(sigmoid)
UNARY_CALL(normal_cdf)
UNARY_CALL(erf)
BINARY_CALL(add)
BINARY_CALL(sub)
CALL(mul, product(args, count))
BINARY_CALL(div)
CALL(pow, power(args, count))
BINARY_CALL(maximum)
BINARY_CALL(minimum)
BINARY_CALL(relu_grad)
UNARY_CALL(hardswish)
BINARY_CALL(hardswish_grad)
CALL(gelu_grad, ternary(args, count, gelu_grad_row))
CALL(silu_grad, ternary(args, count, silu_grad_row))
CALL(equal, bool_of(args, count, 0, equal_row))
CALL(less, bool_of(args, count, 0, less_row))
CALL(less_equal, bool_of(args, count, 0, less_equal_row))
CALL(greater, bool_of(args, count, 1, less_row))
CALL(greater_equal, bool_of(args, count, 1, less_equal_row))
CALL(where, selection(args, count))
REDUCTION_CALL(sum, SUM)
REDUCTION_CALL(mean, MEAN)
REDUCTION_CALL(max, MAX)
REDUCTION_CALL(min, MIN)

static int leaves_products;
static double least_left;

/* If `leaves`, leave products of at least so many multiply-adds to `matmul.py`, which cuts them into parts for
 * threads. */
EXPORT void leave_products(int leaves, double multiply_adds) {
  leaves_products = leaves;
  least_left = multiply_adds;
}

/* The product of two matrices, plus the row `start`, if there is one. Batched products are left to `matmul.py`. */
static Object *matrix_product(Object *const *args, const Array *start) {
  Array *a = as_array(args[0]), *b = as_array(args[1]);
  if (!a || !b || !has_dtype(a, FLOAT32) || !has_dtype(b, FLOAT32) || a->axes != 2 || b->axes != 2) return NOT_SERVED;
  int shape[2] = {a->shape[0], b->shape[1]}, K = a->shape[1];
  if (K != b->shape[0] || !size_of(a) || !size_of(b)) return NOT_SERVED;
  if (leaves_products && (double)shape[0] * shape[1] * K >= least_left) return NOT_SERVED;
  if ((a->strides[0] | a->strides[1] | b->strides[0] | b->strides[1]) % 4) return NOT_SERVED;
  Array *y = new_array(2, shape, FLOAT32);
  if (!y) return 0;
  /* Sums in several pieces are added to it at the end, as where threads compute them. */
  int begins = start && K <= KC;
  for (int i = 0; begins && i < shape[0]; i++)
    __builtin_memcpy(y->data + 4 * i * shape[1], start->data, 4 * (uint32_t)shape[1]);
  products((float *)y->data, (const float *)a->data, 0, a->strides[0] / 4, a->strides[1] / 4, (const float *)b->data, 0,
           b->strides[0] / 4, b->strides[1] / 4, 1, shape[0], shape[1], K, begins ? ADD : SET);
  for (int i = 0; start && !begins && i < shape[0]; i++)
    add_into((float *)y->data + i * shape[1], (const float *)start->data, shape[1]);
  return (Object *)y;
}

/* Arguments: x, W, b, which may be None. */
static Object *linear_product(Object *const *args, int count) {
  if (count != 3) return NOT_SERVED;
  const Array *W = as_array(args[1]), *b = as_array(args[2]);
  if (args[2] == python.none) return matrix_product(args, 0);
  if (!b || !W || !has_dtype(b, FLOAT32) || b->axes != 1 || !(b->flags & CONTIGUOUS) || W->axes != 2 ||
      b->shape[0] != W->shape[1])
    return NOT_SERVED;
  return matrix_product(args, b);
}

CALL(linear, linear_product(args, count))
CALL(matmul, count == 2 ? matrix_product(args, 0) : NOT_SERVED)

/* Helpers of the kernels that ctypes calls, as `serving.py` has them. */

EXPORT Object *address_call(Object *slower, Object *const *args, int count) {
  Array *x = count == 1 ? as_array(args[0]) : 0;
  return x ? python.new_int((unsigned)x->data) : python.vectorcall(slower, args, count, 0);
}

EXPORT Object *contiguous_call(Object *slower, Object *const *args, int count) {
  Array *x = count == 1 ? as_array(args[0]) : 0;
  if (!x || !(x->flags & CONTIGUOUS)) return python.vectorcall(slower, args, count, 0);
  python.hold(args[0]);
  return args[0];
}

EXPORT Object *all_float32_call(Object *slower, Object *const *args, int count) {
  int all = 1;
  for (int i = 0; i < count; i++) {
    if (args[i] == python.none) continue;
    Array *x = as_array(args[i]);
    if (!x) return python.vectorcall(slower, args, count, 0);
    all &= has_dtype(x, FLOAT32) && size_of(x);
  }
  python.hold(python.false_true[all]);
  return python.false_true[all];
}
