// Copies planes of x (H, W) to planes of y (HP, WP), starting at row PH and column PW with steps of EH rows and EW columns;
// zeros elsewhere, and from column COLUMNS on. A negative PH or PW crops x. A thread computes one pixel of y.

@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read_write> y: array<Result>;

fn compute(i: i32) {
  let down = i / WP % HP - PH; let across = i % WP - PW; let plane = i / (WP * HP);
  let h = down / EH; let w = across / EW;
  let inside = down >= 0 && across >= 0 && h < H && w < W && h * EH == down && w * EW == across && across + PW < COLUMNS;
  y[i] = select(Result(), x[(plane * H + h) * W + w], inside);
}
