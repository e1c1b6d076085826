// Adjoint of im2col: each pixel of x is the sum of its copies. A thread computes one pixel.

@group(0) @binding(1) var<storage, read> col: array<Element>;
@group(0) @binding(2) var<storage, read_write> x: array<Result>;

fn compute(i: i32) {
  $GEOMETRY
  let w = i % W; let h = i / W % H; let plane = i / (W * H);
  var sum = 0.0;
  for (var kh = 0; kh < KH; kh++) {
    let down = h + PH - kh * DH;
    let oh = down / SH;
    if (down < 0 || oh * SH != down || oh >= OH) { continue; }
    for (var kw = 0; kw < KW; kw++) {
      let across = w + PW - kw * DW;
      let ow = across / SW;
      if (across < 0 || ow * SW != across || ow >= OW) { continue; }
      sum += f32(col[(((plane * KH + kh) * KW + kw) * OH + oh) * OW + ow]);
    }
  }
  x[i] = Result(sum);
}
