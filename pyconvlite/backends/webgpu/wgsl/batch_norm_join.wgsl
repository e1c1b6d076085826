// Joins the statistics of the parts: mean and variance of each channel; with GRAD also the gradients of gamma and beta.
// A thread computes one channel. Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
// Variances" (1979).
//
// In one f32, a mean far from 0 would be rounded by more than the standard deviation. So it is the sum of two: `near`, the
// rounded mean of the first part, and `rest`.

@group(0) @binding(1) var<storage, read> parts: array<f32>; // (6, PARTS, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // (6, C): mean, variance, gbeta, ggamma, near, rest

fn compute(c: i32) {
  let eps = bitcast<f32>(parameter(1)); let total = f32(parameter(2));
  let near = parts[PARTS * C + c];
  var rest = 0.0; var mean = 0.0;
  for (var i = c; i < PARTS * C; i += C) {
    rest += (parts[PARTS * C + i] - near) * (parts[i] / total) + parts[2 * PARTS * C + i] / total;
    mean += parts[PARTS * C + i] * (parts[i] / total);
  }
  // Infinity less itself is NaN, but the mean is infinite.
  if ((bitcast<u32>(rest) & 0x7fffffffu) < 0x7f800000u) { mean = near + rest; }
  var squares = 0.0; var gbeta = 0.0; var ggamma = 0.0;
  for (var i = c; i < PARTS * C; i += C) {
    let distance = parts[PARTS * C + i] - near - rest;
    squares += parts[3 * PARTS * C + i] + distance * (2 * parts[2 * PARTS * C + i] + parts[i] * distance);
    if (GRAD != 0) { gbeta += parts[4 * PARTS * C + i]; ggamma += parts[5 * PARTS * C + i] + parts[4 * PARTS * C + i] * distance; }
  }
  y[c] = mean;
  y[C + c] = squares / total;
  if (GRAD != 0) { y[2 * C + c] = gbeta; y[3 * C + c] = ggamma * inverseSqrt(squares / total + eps); }
  y[4 * C + c] = near;
  y[5 * C + c] = rest;
}
