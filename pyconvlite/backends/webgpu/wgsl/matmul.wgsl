// y (batch, M, P) = a (batch, M, K) b (batch, K, P), the operands with any strides. A thread computes R x Q results
// with U unrolled steps along K.

@group(0) @binding(1) var<storage, read> a: array<Element>;
@group(0) @binding(2) var<storage, read> b: array<Element>;
@group(0) @binding(3) var<storage, read_write> y: array<Result>;

fn compute(i: i32) {
  let M = parameter(1); let P = parameter(2); let K = parameter(3);
  let a_row = parameter(6); let a_step = parameter(7);
  let b_step = parameter(10); let b_column = parameter(11);
  let columns = (P + Q - 1) / Q; let rows = (M + R - 1) / R;
  let column = i % columns * Q;
  let row = i / columns % rows * R;
  let n = i / (columns * rows);
  // Rows and columns beyond the last one read the last one, and are not written.
  $for(r, R){let a$r = parameter(4) + n * parameter(5) + min(row + $r, M - 1) * a_row;
  }
  $for(q, Q){let b$q = parameter(8) + n * parameter(9) + min(column + $q, P - 1) * b_column;
  }
  $for(r, R){$for(q, Q){var s$r_$q = 0.0; }
  }
  var k = 0;
  for (; k + U <= K; k += U) {
    $for(u, U){
      $for(r, R){let v$r_$u = f32(a[a$r + (k + $u) * a_step]); }
      $for(q, Q){let w$q_$u = f32(b[b$q + (k + $u) * b_step]); }
    }
    $for(r, R){$for(q, Q){s$r_$q = s$r_$q$for(u, U){ + v$r_$u * w$q_$u}; }
    }
  }
  for (; k < K; k++) {
    $for(r, R){let v$r = f32(a[a$r + k * a_step]); }
    $for(q, Q){let w$q = f32(b[b$q + k * b_step]); }
    $for(r, R){$for(q, Q){s$r_$q += v$r * w$q; }
    }
  }
  $for(r, R){if (row + $r < M) {
    let at = (n * M + row + $r) * P + column;
    $for(q, Q){if (column + $q < P) { y[at + $q] = Result(s$r_$q); } }
  }
  }
}
