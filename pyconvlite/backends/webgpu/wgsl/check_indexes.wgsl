// Reports each of the integers t that is not in 0..parameter(2) - 1. A thread checks one element.

@group(0) @binding(1) var<storage, read> t: array<i32>;
@group(0) @binding(2) var<storage, read_write> faults: array<atomic<i32>>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n_groups: vec3u) {
  let i = thread(id, n_groups);
  if (i >= parameter(0)) { return; }
  let size = parameter(2);
  if (t[i] < 0 || t[i] >= size) { report(parameter(1), t[i], size); }
}
