// Reports each of the integers t that is not in 0..parameter(2) - 1. A thread checks one element.

@group(0) @binding(1) var<storage, read> t: array<i32>;
@group(0) @binding(2) var<storage, read_write> faults: array<atomic<i32>>;

fn compute(i: i32) {
  let size = parameter(2);
  if (t[i] < 0 || t[i] >= size) { report(parameter(1), t[i], size); }
}
