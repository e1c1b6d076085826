// Gradient of a convolution with respect to W, in parts: a part sums over every so many rows of windows, in all images.
// A thread has four output channels of a group at four neighbouring taps, counted channel by channel, row by row.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> gy: array<f32>;
@group(0) @binding(3) var<storage, read_write> gW: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n_groups: vec3u) {
  let i = i32(id.x + id.y * n_groups.x * WORKGROUPu);
  if (i >= parameter(0)) { return; }
  let C = parameter(2); let H = parameter(3); let W = parameter(4);
  let OC = parameter(5); let OH = parameter(6); let OW = parameter(7);
  let KH = parameter(8); let KW = parameter(9);
  let SH = parameter(10); let SW = parameter(11); let PH = parameter(12); let PW = parameter(13);
  let DH = parameter(14); let DW = parameter(15); let groups = parameter(16);
  let Cg = C / groups; let OCg = OC / groups;
  let N = parameter(1); let parts = parameter(17);
  let K = Cg * KH * KW;
  let fours = (K + 3) / 4; let blocks = (OCg + 3) / 4;
  let k = i % fours * 4;
  let o = i / fours % blocks * 4;
  let g = i / (fours * blocks) % groups;
  let part = i / (fours * blocks * groups);
  // Taps and channels beyond the last take the last again, and are not written.
  let tap = min(vec4i(k, k + 1, k + 2, k + 3), vec4i(K - 1));
  let channel = g * Cg + tap / (KH * KW);
  let down = tap / KW % KH * DH - PH;
  let across = tap % KW * DW - PW;
  let outputs = (g * OCg + min(vec4i(o, o + 1, o + 2, o + 3), vec4i(OCg - 1))) * OH * OW;
  var y0 = vec4f(); var y1 = vec4f(); var y2 = vec4f(); var y3 = vec4f();
  for (var row = part; row < N * OH; row += parts) {
    let n = row / OH; let oh = row % OH;
    let h = oh * SH + down;
    let row_inside = (h >= vec4i(0)) & (h < vec4i(H));
    let line = ((n * C + channel) * H + clamp(h, vec4i(0), vec4i(H - 1))) * W;
    let g_at = n * OC * OH * OW + outputs + oh * OW;
    for (var ow = 0; ow < OW; ow++) {
      let v = ow * SW + across;
      let at = line + clamp(v, vec4i(0), vec4i(W - 1));
      let inside = row_inside & (v >= vec4i(0)) & (v < vec4i(W));
      let pixel = select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
      y0 = fma(vec4f(gy[g_at.x + ow]), pixel, y0);
      y1 = fma(vec4f(gy[g_at.y + ow]), pixel, y1);
      y2 = fma(vec4f(gy[g_at.z + ow]), pixel, y2);
      y3 = fma(vec4f(gy[g_at.w + ow]), pixel, y3);
    }
  }
  let first = part * OC + g * OCg + o;
  put(y0, first, k, K, o < OCg);
  put(y1, first + 1, k, K, o + 1 < OCg);
  put(y2, first + 2, k, K, o + 2 < OCg);
  put(y3, first + 3, k, K, o + 3 < OCg);
}

fn put(sums: vec4f, o: i32, k: i32, K: i32, exists: bool) {
  if (!exists) { return; }
  let at = o * K + k;
  gW[at] = sums.x;
  if (k + 1 < K) { gW[at + 1] = sums.y; }
  if (k + 2 < K) { gW[at + 2] = sums.z; }
  if (k + 3 < K) { gW[at + 3] = sums.w; }
}
