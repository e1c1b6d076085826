// x (N, C, S), normalized by the statistics of its channels, times gamma plus beta. A thread computes R adjacent elements.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>; // (6, C), see batch_norm_join.wgsl
@group(0) @binding(3) var<storage, read> gamma: array<Element>;
@group(0) @binding(4) var<storage, read> beta: array<Element>;
@group(0) @binding(5) var<storage, read_write> y: array<Result>;

fn compute(i: i32) {
  let runs = (S + R - 1) / R;
  let at = i % runs * R; let plane = i / runs; let c = plane % C;
  let near = statistics[4 * C + c]; let rest = statistics[5 * C + c];
  let scale = f32(gamma[parameter(2) + c]) * inverseSqrt(statistics[C + c] + bitcast<f32>(parameter(1)));
  let shift = f32(beta[parameter(3) + c]);
  $for(r, R){if (at + $r < S) { y[plane * S + at + $r] = Result((f32(x[plane * S + at + $r]) - near - rest) * scale + shift); }
  }
}
