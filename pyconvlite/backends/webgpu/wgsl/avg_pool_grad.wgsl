// Gradient of average pooling: each pixel sums its share of the windows that contain it. A thread computes one pixel.

@group(0) @binding(1) var<storage, read> gy: array<Element>;
@group(0) @binding(2) var<storage, read_write> gx: array<Result>;

fn compute(i: i32) {
  $GEOMETRY
  let w = i % W + PW; let h = i / W % H + PH; let plane = i / (W * H);
  var sum = 0.0;
  for (var oh = max(0, (h - KH + SH) / SH); oh <= min(OH - 1, h / SH); oh++) {
    if (h - oh * SH >= KH) { continue; }
    for (var ow = max(0, (w - KW + SW) / SW); ow <= min(OW - 1, w / SW); ow++) {
      if (w - ow * SW >= KW) { continue; }
      let top = oh * SH - PH; let left = ow * SW - PW;
      let rows = min(KH, H - top) - max(0, -top); let columns = min(KW, W - left) - max(0, -left);
      let size = select(f32(max(1, rows * columns)), f32(KH) * f32(KW), parameter(13) != 0); // KH * KW may exceed i32
      sum += f32(gy[(plane * OH + oh) * OW + ow]) / size;
    }
  }
  gx[i] = Result(sum);
}
