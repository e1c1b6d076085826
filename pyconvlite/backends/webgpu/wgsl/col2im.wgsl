// Adjoint of im2col: each pixel of x is the sum of its copies. A thread computes one pixel.

@group(0) @binding(1) var<storage, read> col: array<Element>;
@group(0) @binding(2) var<storage, read_write> x: array<Result>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n_groups: vec3u) {
  let i = thread(id, n_groups);
  if (i >= parameter(0)) { return; }
  let H = parameter(1); let W = parameter(2); let OH = parameter(3); let OW = parameter(4);
  let KH = parameter(5); let KW = parameter(6);
  let SH = parameter(7); let SW = parameter(8); let PH = parameter(9); let PW = parameter(10);
  let w = i % W; let h = i / W % H; let plane = i / (W * H);
  var sum = 0.0;
  for (var kh = 0; kh < KH; kh++) {
    let down = h + PH - kh * parameter(11);
    let oh = down / SH;
    if (down < 0 || oh * SH != down || oh >= OH) { continue; }
    for (var kw = 0; kw < KW; kw++) {
      let across = w + PW - kw * parameter(12);
      let ow = across / SW;
      if (across < 0 || ow * SW != across || ow >= OW) { continue; }
      sum += f32(col[(((plane * KH + kh) * KW + kw) * OH + oh) * OW + ow]);
    }
  }
  x[i] = Result(sum);
}
