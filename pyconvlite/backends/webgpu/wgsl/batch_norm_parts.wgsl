// Statistics of each channel of x (N, C, S) in parts; part p has every PARTS-th piece of L elements: their count, their mean as
// rounded, and the sums of the distances from it and of their squares; with GRAD also the sums of gy and of gy times the
// distance. A thread computes one part of one channel in two passes, as squared distances are more accurate than squares; the
// distances' sum is what rounding has left of the mean.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> gy: array<Element>;
@group(0) @binding(3) var<storage, read_write> parts: array<f32>; // (6, PARTS, C)

fn compute(i: i32) {
  let c = i % C; let part = i / C;
  let rows = parameter(1); // N times the number of pieces of L elements in a channel of an image
  var count = 0;
  var sum = 0.0;
  for (var row = part; row < rows; row += PARTS) {
    let start = first(row, c); let end = start + length(row);
    for (var k = start; k < end; k++) { sum += f32(x[k]); }
    count += end - start;
  }
  let mean = sum / f32(count);
  var rest = 0.0; var squares = 0.0; var gbeta = 0.0; var ggamma = 0.0;
  for (var row = part; row < rows; row += PARTS) {
    let start = first(row, c); let end = start + length(row);
    for (var k = start; k < end; k++) {
      let distance = f32(x[k]) - mean;
      rest += distance;
      squares += distance * distance;
      if (GRAD != 0) { let g = f32(gy[k]); gbeta += g; ggamma += g * distance; }
    }
  }
  parts[i] = f32(count);
  parts[PARTS * C + i] = mean;
  parts[2 * PARTS * C + i] = rest;
  parts[3 * PARTS * C + i] = squares;
  if (GRAD != 0) { parts[4 * PARTS * C + i] = gbeta; parts[5 * PARTS * C + i] = ggamma; }
}

fn first(row: i32, c: i32) -> i32 { return (row / PIECES * C + c) * S + row % PIECES * L; }
fn length(row: i32) -> i32 { return min(L, S - row % PIECES * L); }
