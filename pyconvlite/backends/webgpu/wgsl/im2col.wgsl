// The pixels of x under the kernel, at each position: col (N, C, KH, KW, OH, OW). A thread copies one element of col.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> col: array<Result>;

fn compute(i: i32) {
  $GEOMETRY
  let ow = i % OW; let oh = i / OW % OH;
  let kw = i / (OW * OH) % KW; let kh = i / (OW * OH * KW) % KH;
  let plane = i / (OW * OH * KW * KH);
  let h = oh * SH - PH + kh * DH;
  let w = ow * SW - PW + kw * DW;
  let inside = h >= 0 && h < H && w >= 0 && w < W;
  col[i] = select(Result(), x[(plane * H + clamp(h, 0, H - 1)) * W + clamp(w, 0, W - 1)], inside);
}
