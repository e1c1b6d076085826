// Gradient of a convolution of padded planes (HP, WP) with respect to W, in parts: part p sums over every parts-th row of
// windows of all images, from row p. A thread computes T rows of the kernel for Q output channels and one input channel, R
// windows at a time.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> gy: array<Element>;
@group(0) @binding(3) var<storage, read_write> gW: array<Result>;

fn compute(i: i32) {
  let N = parameter(1); let parts = parameter(2);
  let blocks = (OCG + Q - 1) / Q;
  let part = i % parts;
  let kh = i / parts % (KH / T) * T;
  let c = i / (parts * (KH / T)) % CG;
  let block = i / (parts * (KH / T) * CG);
  let g = block / blocks;
  let o = block % blocks * Q;
  $for(q, Q){$for(t, T){$for(k, KW){var s$q_$t_$k = 0.0; }
  }}
  for (var row = part; row < N * OH; row += parts) {
    let n = row / OH; let oh = row % OH;
    for (var ow = 0; ow < OW; ow += R) {
      // Results of channels beyond the last of the group are not written.
      let at = ((n * GROUPS * OCG + g * OCG + o) * OH + oh) * OW + ow;
      $for(q, Q){$for(r, R){let g$q_$r = select(f32(gy[at + $(q * OH * OW + r)]), 0.0, OW % R != 0 && ow + $r >= OW); }
      }
      $for(t, T){{
        let start = (((n * GROUPS + g) * CG + c) * HP + oh * SH + (kh + $t) * DH) * WP + ow * SW;
        $for(p, SPAN){let x$p = f32(x[start + $p]); }
        $for(q, Q){$for(k, KW){s$q_$t_$k = s$q_$t_$k$for(r, R){ + g$q_$r * x$(r * SW + k * DW)};
        }}
      }}
    }
  }
  $for(q, Q){if (o + $q < OCG) {
    let at = (((part * GROUPS * OCG + g * OCG + o + $q) * CG + c) * KH + kh) * KW;
    $for(t, T){$for(k, KW){gW[at + $(t * KW + k)] = Result(s$q_$t_$k); }}
  }
  }
}
