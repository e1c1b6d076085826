// Gradient of a convolution with respect to x, and deconvolution: each pixel of x gathers from the windows that met
// it. A thread has four channels of a group at four neighbouring pixels, counted row by row.

@group(0) @binding(1) var<storage, read> gy: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> gx: array<f32>;

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
  let pixels = H * W;
  let fours = (pixels + 3) / 4; let blocks = (Cg + 3) / 4;
  let p = i % fours * 4;
  let c = i / fours % blocks * 4;
  let g = i / (fours * blocks) % groups;
  let n = i / (fours * blocks * groups);
  // Pixels and channels beyond the last take the last again, and are not written.
  let pixel = min(vec4i(p, p + 1, p + 2, p + 3), vec4i(pixels - 1));
  let from_top = pixel / W + PH;
  let from_left = pixel % W + PW;
  let taps = KH * KW;
  let w = min(vec4i(c, c + 1, c + 2, c + 3), vec4i(Cg - 1)) * taps;
  var y0 = vec4f(); var y1 = vec4f(); var y2 = vec4f(); var y3 = vec4f();
  for (var kh = 0; kh < KH; kh++) {
    let down = from_top - kh * DH; // pixels from the first window's top to that of the one that meets this pixel
    let oh = down / SH;
    let row_meets = (down >= vec4i(0)) & (oh * SH == down) & (oh < vec4i(OH));
    for (var kw = 0; kw < KW; kw++) {
      let across = from_left - kw * DW;
      let ow = across / SW;
      let meets = row_meets & (across >= vec4i(0)) & (ow * SW == across) & (ow < vec4i(OW));
      if (!any(meets)) { continue; }
      let window = clamp(oh, vec4i(0), vec4i(OH - 1)) * OW + clamp(ow, vec4i(0), vec4i(OW - 1));
      for (var o = 0; o < OCg; o++) {
        let at = (n * OC + g * OCg + o) * OH * OW + window;
        let v = select(vec4f(), vec4f(gy[at.x], gy[at.y], gy[at.z], gy[at.w]), meets);
        let k = (g * OCg + o) * Cg * taps + kh * KW + kw;
        y0 = fma(vec4f(weight[w.x + k]), v, y0);
        y1 = fma(vec4f(weight[w.y + k]), v, y1);
        y2 = fma(vec4f(weight[w.z + k]), v, y2);
        y3 = fma(vec4f(weight[w.w + k]), v, y3);
      }
    }
  }
  let channel = n * C + g * Cg + c;
  put(y0, g * Cg + c, channel, p, pixels, c < Cg);
  put(y1, g * Cg + c + 1, channel + 1, p, pixels, c + 1 < Cg);
  put(y2, g * Cg + c + 2, channel + 2, p, pixels, c + 2 < Cg);
  put(y3, g * Cg + c + 3, channel + 3, p, pixels, c + 3 < Cg);
}

fn put(sums: vec4f, c: i32, channel: i32, p: i32, pixels: i32, exists: bool) {
  if (!exists) { return; }
  let v = sums + bias[c];
  let at = channel * pixels + p;
  gx[at] = v.x;
  if (p + 1 < pixels) { gx[at + 1] = v.y; }
  if (p + 2 < pixels) { gx[at + 2] = v.z; }
  if (p + 3 < pixels) { gx[at + 3] = v.w; }
}
