// Maximum of each window, and the index kh * KW + kw of the first pixel that has it; NaN is the largest. For a
// window that has only padding the value is minus infinity, and the index that of the tap nearest to the image.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> y: array<Result>;
@group(0) @binding(3) var<storage, read_write> indexes: array<i32>;

fn compute(i: i32) {
  $GEOMETRY
  let ow = i % OW; let oh = i / OW % OH; let plane = i / (OW * OH);
  let top = oh * SH - PH; let left = ow * SW - PW;
  // the first taps that are not above or left of the image
  let kh_first = max(0, (DH - 1 - top) / DH); let kw_first = max(0, (DW - 1 - left) / DW);
  let first = min(kh_first, KH - 1) * KW + min(kw_first, KW - 1);
  var best = bitcast<f32>(parameter(13)); // minus infinity
  var index = first;
  var found = false;
  for (var kh = kh_first; kh < KH && top + kh * DH < H; kh++) {
    for (var kw = kw_first; kw < KW && left + kw * DW < W; kw++) {
      let v = f32(x[(plane * H + top + kh * DH) * W + left + kw * DW]);
      if (!found || (!is_nan(best) && (v > best || is_nan(v)))) {
        best = v; index = kh * KW + kw; found = true;
      }
    }
  }
  y[i] = Result(best);
  indexes[i] = index;
}
