// Recomputes NaN in y = gx (GROUPS * CG, H, W) without the zeros around gy (OH, OW) and between its pixels, which give NaN
// with a weight that is not finite. The weights' sum `total` is finite only if all are. A thread checks R pixels.

@group(0) @binding(1) var<storage, read> gy: array<Element>;
@group(0) @binding(2) var<storage, read> weight: array<Element>;
@group(0) @binding(3) var<storage, read> bias: array<Element>;
@group(0) @binding(4) var<storage, read> total: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<Result>;

fn compute(run: i32) {
  let first = run * R;
  let end = min(first + R, parameter(18));
  // A CPU adapter computes both branches of an `if`, but skips a loop that no thread enters.
  for (var i = select(end, first, magnitude(total[0]) >= 0x7f800000u); i < end; i++) {
    if (magnitude(f32(y[i])) > 0x7f800000u) { y[i] = Result(pixel(i)); }
  }
}

// By the bits, as comparisons may ignore NaN: infinity is 0x7f800000, and NaN is more.
fn magnitude(v: f32) -> u32 { return bitcast<u32>(v) & 0x7fffffffu; }

fn pixel(i: i32) -> f32 {
  $GEOMETRY
  let GROUPS = parameter(13); let CG = parameter(14); let OCG = parameter(15);
  let w = i % W; let h = i / W % H;
  let c = i / (W * H) % CG; let g = i / (W * H * CG) % GROUPS; let n = i / (W * H * CG * GROUPS);
  var sum = 0.0;
  if (parameter(17) >= 0) { sum = f32(bias[parameter(17) + g * CG + c]); }
  for (var kh = 0; kh < KH; kh++) {
    let down = h + PH - kh * DH;
    let oh = down / SH;
    if (down < 0 || oh * SH != down || oh >= OH) { continue; }
    for (var kw = 0; kw < KW; kw++) {
      let across = w + PW - kw * DW;
      let ow = across / SW;
      if (across < 0 || ow * SW != across || ow >= OW) { continue; }
      for (var k = g * OCG; k < (g + 1) * OCG; k++) {
        sum += f32(gy[((n * GROUPS * OCG + k) * OH + oh) * OW + ow])
          * f32(weight[parameter(16) + ((k * CG + c) * KH + kh) * KW + kw]);
      }
    }
  }
  return sum;
}
