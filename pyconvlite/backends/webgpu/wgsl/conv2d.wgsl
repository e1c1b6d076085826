// Convolution, and ReLU where parameter 17 asks for it. A thread has four output channels of a group at four neighbouring windows, counted row by row.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

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
  let pixels = OH * OW;
  let fours = (pixels + 3) / 4; let blocks = (OCg + 3) / 4;
  let p = i % fours * 4;
  let o = i / fours % blocks * 4;
  let g = i / (fours * blocks) % groups;
  let n = i / (fours * blocks * groups);
  // Windows and channels beyond the last take the last again, and are not written.
  let window = min(vec4i(p, p + 1, p + 2, p + 3), vec4i(pixels - 1));
  let top = window / OW * SH - PH;
  let left = window % OW * SW - PW;
  let K = Cg * KH * KW;
  let w = (g * OCg + min(vec4i(o, o + 1, o + 2, o + 3), vec4i(OCg - 1))) * K;
  var y0 = vec4f(); var y1 = vec4f(); var y2 = vec4f(); var y3 = vec4f();
  var k = 0;
  for (var c = 0; c < Cg; c++) {
    let plane = (n * C + g * Cg + c) * H * W;
    for (var kh = 0; kh < KH; kh++) {
      let h = top + kh * DH;
      let row = plane + clamp(h, vec4i(0), vec4i(H - 1)) * W;
      let row_inside = (h >= vec4i(0)) & (h < vec4i(H));
      for (var kw = 0; kw < KW; kw++) {
        let v = left + kw * DW;
        let inside = row_inside & (v >= vec4i(0)) & (v < vec4i(W));
        let at = row + clamp(v, vec4i(0), vec4i(W - 1));
        let pixel = select(vec4f(), vec4f(x[at.x], x[at.y], x[at.z], x[at.w]), inside);
        y0 = fma(vec4f(weight[w.x + k]), pixel, y0);
        y1 = fma(vec4f(weight[w.y + k]), pixel, y1);
        y2 = fma(vec4f(weight[w.z + k]), pixel, y2);
        y3 = fma(vec4f(weight[w.w + k]), pixel, y3);
        k++;
      }
    }
  }
  let channel = n * OC + g * OCg + o;
  put(y0, g * OCg + o, channel, p, pixels, o < OCg);
  put(y1, g * OCg + o + 1, channel + 1, p, pixels, o + 1 < OCg);
  put(y2, g * OCg + o + 2, channel + 2, p, pixels, o + 2 < OCg);
  put(y3, g * OCg + o + 3, channel + 3, p, pixels, o + 3 < OCg);
}

fn put(sums: vec4f, o: i32, channel: i32, p: i32, pixels: i32, exists: bool) {
  if (!exists) { return; }
  var v = sums + bias[o];
  if (parameter(17) != 0) { v = select(v, vec4f(), v < vec4f()); } // ReLU
  let at = channel * pixels + p;
  y[at] = v.x;
  if (p + 1 < pixels) { y[at + 1] = v.y; }
  if (p + 2 < pixels) { y[at + 2] = v.z; }
  if (p + 3 < pixels) { y[at + 3] = v.w; }
}
