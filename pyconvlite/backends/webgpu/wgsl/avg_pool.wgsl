// Mean of each window; padding counts as zeros (parameter 13), or not at all.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> y: array<Result>;

fn compute(i: i32) {
  $GEOMETRY
  let ow = i % OW; let oh = i / OW % OH; let plane = i / (OW * OH);
  let top = oh * SH - PH; let left = ow * SW - PW;
  let from_ = vec2i(max(0, -top), max(0, -left));
  let to = vec2i(min(KH, H - top), min(KW, W - left));
  var sum = 0.0;
  for (var kh = from_.x; kh < to.x; kh++) {
    for (var kw = from_.y; kw < to.y; kw++) { sum += f32(x[(plane * H + top + kh) * W + left + kw]); }
  }
  let size = max(vec2i(0), to - from_); // of the pixels; that of the window, KH * KW, may exceed i32
  y[i] = Result(sum / select(f32(max(1, size.x * size.y)), f32(KH) * f32(KW), parameter(13) != 0));
}
