/* Elementary functions of four floats, over the whole range: infinities, NaN and subnormal numbers included.
 *
 * The polynomials and quotients have the least largest relative error on their interval, found by least squares
 * whose weights are raised where the error is large (Lawson's algorithm). In brackets: the largest error of the
 * result in units in the last place, over every 61st float, in the worse variant of the side module.
 */
#pragma once

#include "vector.h"

INLINE f4 divide(f4 a, f4 b) { return wasm_f32x4_div(a, b); }

/* Where `mask` has all bits set, a, and b where it has none. */
INLINE f4 choose(f4 mask, f4 a, f4 b) { return wasm_v128_bitselect(a, b, mask); }

/* The bounds of x; NaN stays NaN, as pmin and pmax return their first operand unless the second is beyond it. */
INLINE f4 at_most(f4 x, float most) { return wasm_f32x4_pmin(x, splat(most)); }
INLINE f4 at_least(f4 x, float least) { return wasm_f32x4_pmax(x, splat(least)); }

INLINE f4 sign_of(f4 x) { return wasm_v128_and(x, splat(-0.0f)); }

/* c[0] + c[1] * x + ... + c[degree] * x^degree */
INLINE f4 polynomial(f4 x, const float *c, int degree) {
  f4 y = splat(c[degree]);
#pragma clang loop unroll(full)
  for (int k = degree - 1; k >= 0; k--) y = madd(y, x, splat(c[k]));
  return y;
}

/* (exp(r) - 1 - r) / r^2 where |r| <= ln 2 / 2 */
static const float exp_terms[] = {0.49999994f, 0.16666520f, 0.041668408f, 0.0083689196f, 0.0013814180f};

/* x - n ln 2, for n the integer next to x / ln 2; the last bits of `sum` are n + more. */
INLINE f4 reduced(f4 x, f4 *sum, int more) {
  f4 magic = splat(12582912 + more); /* 2^23 + 2^22: as it is added, x / ln 2 is rounded */
  *sum = madd(x, splat(1.44269504f), magic);
  f4 n = sub(*sum, magic);
  /* ln 2 in two parts, of which the first has few bits, so that n times it is exact */
  return madd(n, splat(2.12194440e-4f), madd(n, splat(-0.693359375f), x));
}

/* exp(r) - 1 where |r| <= ln 2 / 2 */
INLINE f4 exp_less_one(f4 r) { return madd(mul(r, r), polynomial(r, exp_terms, 4), r); }

/* exp(x) [1.0] */
INLINE f4 exp_of(f4 x) {
  /* beyond, it is infinite or 0 in a float */
  f4 sum, r = reduced(at_least(at_most(x, 89), -105.4f), &sum, 0);
  f4 y = add(exp_less_one(r), splat(1));
  /* 2^n as a product of two, so that neither leaves the range of normal floats: half of n and 51, and what is left, in
   * the place of the exponent. Of the least n, -152, what is left is the exponent of 0: a product that becomes 0 by
   * rounding takes a processor a hundred cycles more. */
  f4 half = wasm_i32x4_shl(wasm_i32x4_shr(wasm_i32x4_shl(sum, 9), 10), 23);
  y = mul(y, wasm_i32x4_add(half, splat(0x1p51f)));
  return mul(y, wasm_i32x4_add(wasm_i32x4_sub(wasm_i32x4_shl(sum, 23), half), splat(0x1p-51f)));
}

/* exp(x + rest) [1.0 without rest], where x is not positive, and `rest` small or missing. */
INLINE f4 exp_of_negative(f4 x, const f4 *rest) {
  /* 2^(n + 64), whose exponent has the bias 127, and 2^-64: the second product may become subnormal */
  f4 sum, r = reduced(x, &sum, 64 + 127);
  if (rest) r = add(r, *rest);
  f4 y = mul(mul(add(exp_less_one(r), splat(1)), wasm_i32x4_shl(sum, 23)), splat(0x1p-64f));
  return wasm_v128_andnot(y, wasm_f32x4_lt(x, splat(-105.4f))); /* 0 in a float */
}

/* exp(x) - 1 [1.6], without cancellation near 0: 2^n (exp(r) - 1) + 2^n - 1. */
INLINE f4 expm1_of(f4 x) {
  f4 sum, r = reduced(at_least(at_most(x, 89), -20), &sum, 0);    /* beyond, it is infinite or -1 in a float */
  f4 half = wasm_i32x4_add(wasm_i32x4_shl(sum, 23), splat(0.5f)); /* of 2^n, which may be infinite */
  f4 y = madd(half, exp_less_one(r), sub(half, splat(0.5f)));
  return choose(wasm_f32x4_lt(wasm_f32x4_abs(x), splat(0x1p-25f)), x, add(y, y));
}

/* The natural logarithm [0.83]: minus infinity of 0, NaN below. With x = 2^n (1 + f), 1 + f in [0.7, 1.4], it is
 * n ln 2 + 2 artanh(s), s = f / (2 + f); as 2 s = f - s f, the rounding of s matters little. */
INLINE f4 log_of(f4 x) {
  static const float c[] = {0.66666776f, 0.39977542f, 0.29871732f};
  f4 tiny = wasm_f32x4_lt(x, splat(0x1p-126f));
  f4 scaled = choose(tiny, mul(x, splat(0x1p24f)), x);
  /* the exponent, of the float next above 0.7 as that of 1 */
  f4 above = wasm_i32x4_sub(scaled, wasm_i32x4_splat(0x3f3504f3));
  f4 power = wasm_i32x4_shr(above, 23);
  f4 f = sub(wasm_i32x4_sub(scaled, wasm_i32x4_shl(power, 23)), splat(1));
  f4 n = sub(wasm_f32x4_convert_i32x4(power), wasm_v128_and(tiny, splat(24)));
  f4 s = divide(f, add(f, splat(2))), z = mul(s, s), half_square = mul(mul(f, f), splat(0.5f));
  /* 2 artanh(s) = f - (f^2 / 2 - s * (f^2 / 2 + z * c(z))) */
  f4 inner = mul(s, madd(z, polynomial(z, c, 2), half_square));
  f4 low = madd(n, splat(-2.12194440e-4f), sub(inner, half_square));
  f4 y = madd(n, splat(0.693359375f), add(f, low));
  y = choose(wasm_f32x4_lt(x, splat(__builtin_inff())), y, x); /* infinity, NaN */
  y = choose(wasm_f32x4_eq(x, splat(0)), splat(-__builtin_inff()), y);
  return choose(wasm_f32x4_lt(x, splat(0)), splat(__builtin_nanf("")), y);
}

/* log(1 + x) [2.4]: the rounding of u = 1 + x cancels in log(u) / (u - 1). */
INLINE f4 log1p_of(f4 x) {
  f4 u = add(x, splat(1)), rounded = sub(u, splat(1));
  f4 y = mul(log_of(u), divide(x, rounded));
  y = choose(wasm_f32x4_eq(u, splat(1)), x, y);
  return choose(wasm_f32x4_eq(u, splat(__builtin_inff())), u, y); /* not infinity / infinity */
}

/* |x| * 2 / pi modulo 4, of |x| >= 2^28, with 62 bits behind the point: 96 bits of 2 / pi matter, times the 24 of x,
 * since those before give multiples of 4 (Payne, Hanek 1983). */
static uint64_t quarter_turns(float x) {
  static const uint32_t of_pi[] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
  uint32_t bits, parts[3];
  __builtin_memcpy(&bits, &x, 4);
  uint64_t digits = (bits & 0x7fffff) | 0x800000;
  for (int i = 0, at = (int)(bits >> 23 & 255) - 152; i < 3; i++, at += 32) {
    uint64_t pair = (uint64_t)of_pi[at / 32] << 32 | of_pi[at / 32 + 1];
    parts[i] = (uint32_t)(pair << at % 32 >> 32);
  }
  return digits * ((uint64_t)parts[0] << 32 | parts[1]) + (digits * parts[2] >> 32);
}

/* n, and x - n * pi / 2, of two doubles: pi / 2 in two parts, of which the first has 25 bits, so that n times it is
 * exact where n has no more than 28. */
INLINE f4 turns_of(f4 x, f4 *rest) {
  f4 n = wasm_f64x2_nearest(wasm_f64x2_mul(x, wasm_f64x2_splat(0.63661977236758138)));
  n = wasm_f64x2_add(n, wasm_f64x2_splat(0)); /* not -0, so that -0 stays: -0 + 0 * -pi / 2 */
  *rest = wasm_f64x2_add(x, wasm_f64x2_mul(n, wasm_f64x2_splat(-1.5707963109016418)));
  *rest = wasm_f64x2_add(*rest, wasm_f64x2_mul(n, wasm_f64x2_splat(-1.5893254773528197e-8)));
  return wasm_i32x4_trunc_sat_f64x2_zero(n);
}

/* The sine of x + turned * pi / 2 [1.6]. */
SHARED f4 sine_of(f4 x, int turned) {
  static const float sine[] = {-0.166666545f, 0.00833215477f, -0.000195144551f};
  static const float cosine[] = {0.0416666455f, -0.00138873081f, 2.44322129e-05f};
  f4 low, high, n = turns_of(wasm_f64x2_promote_low_f32x4(x), &low);
  f4 m = turns_of(wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(x, x, 2, 3, 2, 3)), &high);
  n = wasm_i32x4_shuffle(n, m, 0, 1, 4, 5);
  f4 r = wasm_i32x4_shuffle(wasm_f32x4_demote_f64x2_zero(low), wasm_f32x4_demote_f64x2_zero(high), 0, 1, 4, 5);
  if (!wasm_i32x4_all_true(wasm_f32x4_lt(wasm_f32x4_abs(x), splat(0x1p28f)))) {
    float given[4], rests[4];
    int32_t turns[4];
    store(given, x), store(rests, r), wasm_v128_store(turns, n);
    for (int i = 0; i < 4; i++) {
      float size = __builtin_fabsf(given[i]);
      if (size < 0x1p28f) continue;
      rests[i] = __builtin_nanf("");
      if (!(size < __builtin_inff())) continue;
      uint64_t place = quarter_turns(given[i]), whole = (place + (1ull << 61)) >> 62;
      int sign = given[i] < 0 ? -1 : 1;
      turns[i] = sign * (int)whole;
      rests[i] = (float)(sign * (double)(int64_t)(place - (whole << 62)) * 0x1.921fb54442d18p-62);
    }
    r = load(rests), n = wasm_v128_load(turns);
  }
  n = wasm_i32x4_add(n, wasm_i32x4_splat(turned));
  f4 z = mul(r, r), s = madd(mul(r, z), polynomial(z, sine, 2), r);
  f4 c = madd(mul(z, z), polynomial(z, cosine, 2), madd(z, splat(-0.5f), splat(1)));
  f4 is_odd = wasm_i32x4_shr(wasm_i32x4_shl(n, 31), 31), sign = wasm_i32x4_shl(wasm_i32x4_shr(n, 1), 31);
  return wasm_v128_xor(choose(is_odd, c, wasm_v128_or(s, sign_of(r))), sign);
}

/* tanh(x) [5.8]: x times a quotient of polynomials in x^2. */
INLINE f4 tanh_of(f4 x) {
  static const float p[] = {1, 0.13374475f, 0.0034878098f, 2.0481168e-5f, 1.3177498e-8f};
  static const float q[] = {1, 0.46707788f, 0.025847383f, 3.2729181e-4f, 7.7040357e-7f};
  x = at_least(at_most(x, 9.1f), -9.1f); /* beyond, it is 1 or -1 in a float */
  f4 u = mul(x, x);
  f4 y = divide(mul(x, polynomial(u, p, 4)), polynomial(u, q, 4));
  return at_least(at_most(y, 1), -1);
}

/* 1 / (1 + exp(-x)) [2.3], by an exponential that does not overflow. */
INLINE f4 sigmoid_of(f4 x) {
  f4 e = exp_of_negative(wasm_v128_or(x, splat(-0.0f)), 0); /* exp(-|x|) */
  f4 numerator = choose(wasm_f32x4_lt(x, splat(0)), e, splat(1));
  return divide(numerator, add(e, splat(1)));
}

/* The normal distribution's tail beyond z >= 0, divided by exp(-z^2 / 2). */
INLINE f4 mills_of(f4 z) {
  static const float p[] = {0.5f, 0.43808773f, 0.18308130f, 0.040581275f, 0.0041085724f};
  static const float q[] = {1, 1.6740605f, 1.2018648f, 0.46906444f, 0.10172869f, 0.010298543f};
  return divide(polynomial(z, p, 4), polynomial(z, q, 5));
}

/* The cumulative distribution function of the standard normal distribution [7.4], of the tail, too. */
INLINE f4 normal_cdf_of(f4 x) {
  f4 z = at_most(wasm_f32x4_abs(x), 14.5f); /* beyond, the tail is 0 in a float */
  /* z^2 / 2 in two parts: that of z's upper bits is exact. */
  f4 upper = wasm_v128_and(z, wasm_i32x4_splat((int)0xfffff000));
  f4 square = mul(mul(upper, upper), splat(-0.5f)), rest = mul(mul(sub(upper, z), add(upper, z)), splat(0.5f));
  f4 tail = mul(exp_of_negative(square, &rest), mills_of(z));
  return choose(wasm_f32x4_lt(x, splat(0)), tail, sub(splat(1), tail));
}

/* The error function [2.5]: x times a polynomial in x^2 below 1, beyond it 1 - 2 of the normal distribution's tail. */
INLINE f4 erf_of(f4 x) {
  static const float c[] = {1.12837917f,    -0.376126258f,    0.112835852f,   -0.0268538125f,
                            0.00518832867f, -0.000801020125f, 7.85388418e-05f};
  f4 z = at_most(wasm_f32x4_abs(x), 4), square = mul(z, z); /* beyond, it is 1 in a float */
  f4 tail = mul(exp_of_negative(wasm_f32x4_neg(square), 0), mills_of(mul(z, splat(1.41421356f))));
  f4 far = madd(tail, splat(-2), splat(1)), near = mul(z, polynomial(square, c, 6));
  return wasm_v128_or(choose(wasm_f32x4_lt(z, splat(1)), near, far), sign_of(x));
}
