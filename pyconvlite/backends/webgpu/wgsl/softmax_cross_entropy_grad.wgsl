// Gradient of the mean of softmax_cross_entropy.wgsl's results with respect to x, times gy, one number. A thread computes
// the CLASSES elements of one result.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read> gy: array<Element>;
@group(0) @binding(4) var<storage, read_write> gx: array<Result>;

fn compute(i: i32) {
  let row = i / INNER * (CLASSES * INNER) + i % INNER;
  var most = f32(x[row]);
  for (var c = 1; c < CLASSES; c++) {
    let v = f32(x[row + c * INNER]);
    if (!is_nan(most) && (v > most || is_nan(v))) { most = v; }
  }
  var total = 0.0;
  for (var c = 0; c < CLASSES; c++) { total += exp(f32(x[row + c * INNER]) - most); }
  let scale = f32(gy[0]) / f32(parameter(0));
  let nan = bitcast<f32>(bitcast<u32>(most) | 0x7fc00000u);
  for (var c = 0; c < CLASSES; c++) {
    let share = exp(f32(x[row + c * INNER]) - most) / total - select(0.0, 1.0, c == labels[i]);
    gx[row + c * INNER] = Result(select(nan, share * scale, is_finite(most)));
  }
}
