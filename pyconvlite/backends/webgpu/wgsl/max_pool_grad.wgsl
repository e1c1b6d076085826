// Gradient of max pooling: each pixel sums gy of the windows whose maximum it is. A thread computes one pixel.

@group(0) @binding(1) var<storage, read> gy: array<Element>;
@group(0) @binding(2) var<storage, read> indexes: array<i32>;
@group(0) @binding(3) var<storage, read_write> gx: array<Result>;

fn compute(i: i32) {
  $GEOMETRY
  let w = i % W + PW; let h = i / W % H + PH; let plane = i / (W * H);
  var sum = 0.0;
  // the windows that contain the pixel: h = oh * SH + kh * DH with a kh from 0 to KH - 1
  for (var oh = max(0, (h - (KH - 1) * DH + SH - 1) / SH); oh <= min(OH - 1, h / SH); oh++) {
    let down = h - oh * SH;
    if (down % DH != 0 || down > (KH - 1) * DH) { continue; }
    for (var ow = max(0, (w - (KW - 1) * DW + SW - 1) / SW); ow <= min(OW - 1, w / SW); ow++) {
      let right = w - ow * SW;
      if (right % DW != 0 || right > (KW - 1) * DW) { continue; }
      let window = (plane * OH + oh) * OW + ow;
      if (indexes[window] == down / DH * KW + right / DW) { sum += f32(gy[window]); }
    }
  }
  gx[i] = Result(sum);
}
