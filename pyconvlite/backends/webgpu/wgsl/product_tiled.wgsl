// y (parts, GROUPS, M, P) = a (parts, GROUPS, M, K) b (parts, GROUPS, K, P), with any strides. K and P may stand for three axes
// each, of which the inner two have the lengths K_MIDDLE, K_INNER and P_MIDDLE, P_INNER: so windows of images are read in
// place. A workgroup of 16 x 16 threads computes a tile of 64 H x 64 H results, and shares DEPTH steps along K at a time; a
// thread computes 4 H x 4 H results, in H x H blocks of 4 x 4. For large products on a GPU: barriers are slow on a CPU
// adapter.
//
// Parameters: 1 M, 2 P, 3 K; a: 4 offset, strides of 5 part, 6 group, 7 M, 8-10 K; b: 11 offset, strides of 12 part, 13 group,
// 14-16 K, 17-19 P; y: strides of 20 part, 21 group, 22 M, 23-25 P.

@group(0) @binding(1) var<storage, read> a: array<Element>;
@group(0) @binding(2) var<storage, read> b: array<Element>;
@group(0) @binding(3) var<storage, read_write> y: array<Result>;

const DEPTH = 16;
const QUADS = 16 * H; // groups of four rows or columns in a tile
var<workgroup> a_tile: array<array<vec4f, QUADS>, DEPTH>;
var<workgroup> b_tile: array<array<vec4f, QUADS>, DEPTH>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) n_groups: vec3u,
        @builtin(local_invocation_index) index: u32) {
  let tile = i32(group.x + group.y * n_groups.x);
  if (tile * 256 >= parameter(0)) { return; }
  let M = parameter(1); let P = parameter(2); let K = parameter(3);
  let columns = (P + QUADS * 4 - 1) / (QUADS * 4); let rows = (M + QUADS * 4 - 1) / (QUADS * 4);
  let column = tile % columns * QUADS * 4;
  let row = tile / columns % rows * QUADS * 4;
  let part = tile / (columns * rows * GROUPS); let g = tile / (columns * rows) % GROUPS;
  let in_a = parameter(4) + part * parameter(5) + g * parameter(6);
  let in_b = parameter(11) + part * parameter(12) + g * parameter(13);
  let in_y = part * parameter(20) + g * parameter(21);
  let local = i32(index);
  let tx = local % 16; let ty = local / 16;
  $for(g, H){$for(j, FOUR){$for(h, H){var s$g_$j_$h = vec4f(); }
  }}
  for (var k0 = 0; k0 < K; k0 += DEPTH) {
    $for(h, H){{
      // Adjacent threads read adjacent elements: along K if rows are contiguous, else along the other axis.
      let at = local + 256 * $h;
      let ka = select(at / QUADS, at % DEPTH, A_ROWS != 0); let qa = select(at % QUADS, at / DEPTH, A_ROWS != 0);
      let kb = select(at / QUADS, at % DEPTH, B_COLUMNS != 0); let qb = select(at % QUADS, at / DEPTH, B_COLUMNS != 0);
      a_tile[ka][qa] = four_rows(in_a, row + 4 * qa, k0 + ka, M, K);
      b_tile[kb][qb] = four_columns(in_b, k0 + kb, column + 4 * qb, P, K);
    }}
    workgroupBarrier();
    for (var k = 0; k < DEPTH; k++) {
      $for(h, H){let v$h = a_tile[k][ty + 16 * $h]; let w$h = b_tile[k][tx + 16 * $h]; }
      $for(g, H){$for(j, FOUR){$for(h, H){s$g_$j_$h = fma(vec4f(v$g[$j]), w$h, s$g_$j_$h); }
      }}
    }
    workgroupBarrier();
  }
  $for(g, H){$for(j, FOUR){$for(h, H){put(s$g_$j_$h, in_y, row + (ty + 16 * $g) * 4 + $j, column + (tx + 16 * $h) * 4, M, P);
  }}}
}

fn along_k(k: i32, first: i32) -> i32 {
  return k / (K_MIDDLE * K_INNER) * parameter(first) + k / K_INNER % K_MIDDLE * parameter(first + 1)
    + k % K_INNER * parameter(first + 2);
}

fn along_p(p: vec4i, first: i32) -> vec4i {
  return p / (P_MIDDLE * P_INNER) * parameter(first) + p / P_INNER % P_MIDDLE * parameter(first + 1)
    + p % P_INNER * parameter(first + 2);
}

fn four_rows(start: i32, row: i32, k: i32, M: i32, K: i32) -> vec4f {
  let rows = row + vec4i(0, 1, 2, 3);
  let at = start + min(rows, vec4i(M - 1)) * parameter(7) + along_k(min(k, K - 1), 8);
  return select(vec4f(), vec4f(vec4(a[at.x], a[at.y], a[at.z], a[at.w])), (rows < vec4i(M)) & vec4<bool>(k < K));
}

fn four_columns(start: i32, k: i32, column: i32, P: i32, K: i32) -> vec4f {
  let columns = column + vec4i(0, 1, 2, 3);
  let at = start + along_k(min(k, K - 1), 14) + along_p(min(columns, vec4i(P - 1)), 17);
  return select(vec4f(), vec4f(vec4(b[at.x], b[at.y], b[at.z], b[at.w])), (columns < vec4i(P)) & vec4<bool>(k < K));
}

fn put(v: vec4f, start: i32, row: i32, column: i32, M: i32, P: i32) {
  if (row >= M) { return; }
  let at = start + row * parameter(22) + along_p(column + vec4i(0, 1, 2, 3), 23);
  for (var j = 0; j < min(4, P - column); j++) { y[at[j]] = Result(v[j]); }
}
