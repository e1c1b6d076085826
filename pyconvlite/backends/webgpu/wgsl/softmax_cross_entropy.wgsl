// -log softmax(x)[t] of each row of x (N, CLASSES). A thread has one row.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<Result>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n_groups: vec3u) {
  let i = thread(id, n_groups);
  if (i >= parameter(0)) { return; }
  let row = i * CLASSES;
  var most = f32(x[row]);
  for (var c = 1; c < CLASSES; c++) { most = max(most, f32(x[row + c])); }
  var total = 0.0;
  var chosen = 0.0; // stays so for a label that is no class
  for (var c = 0; c < CLASSES; c++) {
    let v = f32(x[row + c]) - most;
    total += exp(v);
    if (c == labels[i]) { chosen = v; }
  }
  y[i] = Result(log(total) - chosen);
}
