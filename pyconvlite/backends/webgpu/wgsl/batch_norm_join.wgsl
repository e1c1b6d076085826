// Joins the statistics of the parts: mean and variance of each channel; with GRAD also the gradients of gamma and beta.
// A thread computes one channel. Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
// Variances" (1979).

@group(0) @binding(1) var<storage, read> parts: array<f32>; // (5, PARTS, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // (4, C): mean, variance, gbeta, ggamma

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n_groups: vec3u) {
  let c = thread(id, n_groups);
  if (c >= parameter(0)) { return; }
  let eps = bitcast<f32>(parameter(1)); let total = f32(parameter(2));
  var mean = 0.0;
  for (var i = c; i < PARTS * C; i += C) { mean += parts[PARTS * C + i] * (parts[i] / total); }
  var squares = 0.0; var gbeta = 0.0; var ggamma = 0.0;
  for (var i = c; i < PARTS * C; i += C) {
    let distance = parts[PARTS * C + i] - mean;
    squares += parts[2 * PARTS * C + i] + parts[i] * distance * distance;
    if (GRAD != 0) { gbeta += parts[3 * PARTS * C + i]; ggamma += parts[4 * PARTS * C + i] + parts[3 * PARTS * C + i] * distance; }
  }
  y[c] = mean;
  y[C + c] = squares / total;
  if (GRAD != 0) { y[2 * C + c] = gbeta; y[3 * C + c] = ggamma * inverseSqrt(squares / total + eps); }
}
