// Convolution of padded planes (HP, WP), then ReLU if RELU is set. A thread computes R adjacent windows of a row in Q output
// channels of a group; for each row of the kernel it loads the pixels under all its windows once.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> weight: array<Element>;
@group(0) @binding(3) var<storage, read> bias: array<Element>;
@group(0) @binding(4) var<storage, read_write> y: array<Result>;

fn compute(i: i32) {
  let N = parameter(1);
  let runs = (OW + R - 1) / R; let blocks = (OCG + Q - 1) / Q;
  let ow = i % runs * R;
  let oh = i / runs % OH;
  let n = i / (runs * OH) % N;
  let block = i / (runs * OH) / N;
  let g = block / blocks;
  let o = block % blocks * Q;
  $for(q, Q){$for(r, R){var s$q_$r = 0.0; }
  }
  for (var c = 0; c < CG; c++) {
    for (var kh = 0; kh < KH; kh++) {
      let row = (((n * GROUPS + g) * CG + c) * HP + oh * SH + kh * DH) * WP + ow * SW;
      $for(p, SPAN){let x$p = f32(x[row + $p]); }
      // Results of channels beyond the last of the group are not written.
      let tap = parameter(2) + (((g * OCG + o) * CG + c) * KH + kh) * KW;
      $for(q, Q){$for(k, KW){let w$q_$k = f32(weight[tap + $(q * CG * KH * KW + k)]); }
      }
      $for(q, Q){$for(r, R){s$q_$r = s$q_$r$for(k, KW){ + w$q_$k * x$(r * SW + k * DW)}; }
      }
    }
  }
  $for(q, Q){if (o + $q < OCG) {
    let channel = g * OCG + o + $q;
    let at = ((n * GROUPS * OCG + channel) * OH + oh) * OW + ow;
    var b = 0.0;
    if (BIAS != 0) { b = f32(bias[parameter(3) + channel]); }
    $for(r, R){if (ow + $r < OW) { y[at + $r] = Result(finished(s$q_$r + b)); } }
  }
  }
}

fn finished(v: f32) -> f32 {
  let bits = bitcast<u32>(v); // by the bits, as comparisons may ignore NaN, which is kept
  return select(v, 0.0, RELU != 0 && bits > 0x80000000u && bits <= 0xff800000u);
}
