// -log softmax(x)[t] of x (N, CLASSES, INNER) along its middle axis, and the gradient gx of the mean of all. A thread
// computes one number and CLASSES elements of gx. A label out of range is reported.
//
// WGSL does not define results for NaN, so it is detected by its bits. A row with NaN or an infinite maximum gives NaN.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<Result>;
@group(0) @binding(4) var<storage, read_write> gx: array<Result>;
@group(0) @binding(5) var<storage, read_write> faults: array<atomic<i32>>;

fn compute(i: i32) {
  let label = labels[i];
  if (label < 0 || label >= CLASSES) { report(parameter(1), label, CLASSES); }
  let row = i / INNER * (CLASSES * INNER) + i % INNER;
  var most = f32(x[row]);
  for (var c = 1; c < CLASSES; c++) {
    let v = f32(x[row + c * INNER]);
    if (!is_nan(most) && (v > most || is_nan(v))) { most = v; }
  }
  var total = 0.0;
  var chosen = 0.0;
  for (var c = 0; c < CLASSES; c++) {
    let v = f32(x[row + c * INNER]) - most;
    let e = exp(v);
    gx[row + c * INNER] = e;
    total += e;
    if (c == label) { chosen = v; }
  }
  let nan = bitcast<f32>(bitcast<u32>(most) | 0x7fc00000u);
  for (var c = 0; c < CLASSES; c++) {
    let share = gx[row + c * INNER] / total - select(0.0, 1.0, c == label);
    gx[row + c * INNER] = select(nan, share / f32(parameter(0)), is_finite(most));
  }
  y[i] = select(nan, log(total) - chosen, is_finite(most));
}
