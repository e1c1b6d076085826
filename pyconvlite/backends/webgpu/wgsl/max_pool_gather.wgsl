// The pixel of x at the index of each window; 0 in the padding.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> indexes: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<Result>;

fn compute(i: i32) {
  $GEOMETRY
  let ow = i % OW; let oh = i / OW % OH; let plane = i / (OW * OH);
  let h = oh * SH - PH + indexes[i] / KW * DH; let w = ow * SW - PW + indexes[i] % KW * DW;
  let inside = h >= 0 && h < H && w >= 0 && w < W;
  y[i] = select(Result(), x[(plane * H + clamp(h, 0, H - 1)) * W + clamp(w, 0, W - 1)], inside);
}
