// The pixel of x at the index of each window; 0 in the padding.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> indexes: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<Result>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n_groups: vec3u) {
  let i = thread(id, n_groups);
  if (i >= parameter(0)) { return; }
  let H = parameter(1); let W = parameter(2); let OH = parameter(3); let OW = parameter(4);
  let KH = parameter(5); let KW = parameter(6);
  let SH = parameter(7); let SW = parameter(8); let PH = parameter(9); let PW = parameter(10);
  let DH = parameter(11); let DW = parameter(12);
  let ow = i % OW; let oh = i / OW % OH; let plane = i / (OW * OH);
  let h = oh * SH - PH + indexes[i] / KW * DH; let w = ow * SW - PW + indexes[i] % KW * DW;
  let inside = h >= 0 && h < H && w >= 0 && w < W;
  y[i] = select(Result(), x[(plane * H + clamp(h, 0, H - 1)) * W + clamp(w, 0, W - 1)], inside);
}
