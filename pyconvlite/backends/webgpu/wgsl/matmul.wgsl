// y (batch, M, P) = a (batch, M, K) b (batch, K, P), the operands with any strides. A thread has 4 x 4 results.

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n_groups: vec3u) {
  let i = thread(id, n_groups);
  if (i >= parameter(0)) { return; }
  let M = parameter(1); let P = parameter(2); let K = parameter(3);
  let rows = parameter(4); let columns = parameter(5);
  let column = i % columns * 4;
  let row = i / columns % rows * 4;
  let n = i / (columns * rows);
  let a_row = parameter(8); let b_column = parameter(13);
  // Rows and columns beyond the last read the last again, and are not written.
  let r = min(vec4i(row, row + 1, row + 2, row + 3), vec4i(M - 1)) * a_row + parameter(6) + n * parameter(7);
  let c = min(vec4i(column, column + 1, column + 2, column + 3), vec4i(P - 1)) * b_column + parameter(10) + n * parameter(11);
  let a_step = parameter(9); let b_step = parameter(12);
  var y0 = vec4f(); var y1 = vec4f(); var y2 = vec4f(); var y3 = vec4f();
  var a_at = 0; var b_at = 0;
  for (var k = 0; k < K; k++) {
    let v = vec4f(b[c.x + b_at], b[c.y + b_at], b[c.z + b_at], b[c.w + b_at]);
    y0 = fma(vec4f(a[r.x + a_at]), v, y0);
    y1 = fma(vec4f(a[r.y + a_at]), v, y1);
    y2 = fma(vec4f(a[r.z + a_at]), v, y2);
    y3 = fma(vec4f(a[r.w + a_at]), v, y3);
    a_at += a_step; b_at += b_step;
  }
  put(y0, n * M + row, column, M * (n + 1), P);
  put(y1, n * M + row + 1, column, M * (n + 1), P);
  put(y2, n * M + row + 2, column, M * (n + 1), P);
  put(y3, n * M + row + 3, column, M * (n + 1), P);
}

fn put(v: vec4f, row: i32, column: i32, rows: i32, P: i32) {
  if (row >= rows) { return; }
  let at = row * P + column;
  y[at] = v.x;
  if (column + 1 < P) { y[at + 1] = v.y; }
  if (column + 2 < P) { y[at + 2] = v.z; }
  if (column + 3 < P) { y[at + 3] = v.w; }
}
