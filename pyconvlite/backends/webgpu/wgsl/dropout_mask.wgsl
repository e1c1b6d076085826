// Dropout mask: 0 for dropped elements, a common scale for all others. A thread draws four of them.
//
// The random numbers are a hash of the key and the thread's index: no generator state is shared between threads, and a key
// gives the same mask on every device.

@group(0) @binding(1) var<storage, read_write> mask: array<Result>;

// pcg4d: Jarzynski, Olano, "Hash Functions for GPU Rendering" (2020)
fn hash(seed: vec4u) -> vec4u {
  var v = seed * 1664525u + 1013904223u;
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w; v.y += v.z * v.x; v.z += v.x * v.y; v.w += v.y * v.z;
  return v;
}

fn compute(i: i32) {
  let size = parameter(1);
  let key = vec2u(u32(parameter(2)), u32(parameter(3)));
  let threshold = u32(parameter(4)); // below it an element is dropped
  let scale = bitcast<f32>(parameter(5));
  let drawn = hash(vec4u(u32(i), key, 0u));
  for (var k = 0; k < min(4, size - 4 * i); k++) {
    mask[4 * i + k] = Result(select(scale, 0.0, drawn[k] < threshold));
  }
}
