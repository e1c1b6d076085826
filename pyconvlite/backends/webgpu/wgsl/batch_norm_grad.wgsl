// Gradient of batch_norm.wgsl with respect to x. A thread computes R adjacent elements of a channel.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> gy: array<Element>;
@group(0) @binding(3) var<storage, read> statistics: array<f32>; // (6, C), see batch_norm_join.wgsl
@group(0) @binding(4) var<storage, read> gamma: array<Element>;
@group(0) @binding(5) var<storage, read_write> gx: array<Result>;

fn compute(i: i32) {
  let runs = (S + R - 1) / R;
  let at = i % runs * R; let plane = i / runs; let c = plane % C;
  let near = statistics[4 * C + c]; let rest = statistics[5 * C + c];
  let inverse = inverseSqrt(statistics[C + c] + bitcast<f32>(parameter(1)));
  let total = f32(parameter(2));
  let gbeta = statistics[2 * C + c] / total; let slope = statistics[3 * C + c] / total * inverse;
  let scale = f32(gamma[parameter(3) + c]) * inverse;
  $for(r, R){if (at + $r < S) {
    let k = plane * S + at + $r;
    gx[k] = Result((f32(gy[k]) - gbeta - (f32(x[k]) - near - rest) * slope) * scale);
  }
  }
}
