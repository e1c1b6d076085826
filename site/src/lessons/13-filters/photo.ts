// A picture to lay kernels over, drawn by formulas: a house in the hills, with edges in all directions.

/** Grey, row after row, from 0 to 1. */
export interface Picture {
  width: number;
  height: number;
  data: Float32Array;
}

const [SUN_X, SUN_Y, SUN] = [0.8, 0.2, 0.1];

/** How bright it is at a place, both from 0 to 1, y downward. */
function brightness(x: number, y: number): number {
  const far = 0.5 + 0.07 * Math.sin(7 * x + 1) + 0.03 * Math.sin(17 * x);
  const near = 0.78 + 0.04 * Math.sin(5 * x + 2);
  if (x > 0.2 && x < 0.56 && y > 0.48 && y < 0.82) {
    const [across, down] = [(x - 0.2) / 0.36, (y - 0.48) / 0.34];
    if (across > 0.42 && across < 0.6 && down > 0.45) return 0.25; // its door
    const isWindow = (left: number) => across > left && across < left + 0.2 && down > 0.2 && down < 0.55;
    if (isWindow(0.12) || isWindow(0.7)) return (across * 50) % 5 < 0.8 || Math.abs(down - 0.37) < 0.02 ? 0.9 : 0.15;
    return 0.78 - ((down * 16) % 1 < 0.12 ? 0.12 : 0);
  }
  if (y > 0.28 && y <= 0.48 && Math.abs(x - 0.38) < (y - 0.28) * 1.2) return 0.4;
  if (y > near && x > 0.6 && (x * 28) % 1 < 0.4) return 0.95; // a fence
  if (y > near) return 0.35;
  if (y > far) return 0.5 + 0.06 * Math.sin(60 * x) * Math.sin(45 * y);
  return Math.hypot(x - SUN_X, (y - SUN_Y) * 0.75) < SUN ? 1 : 0.62 + 0.25 * y;
}

export function photo(width: number, height: number): Picture {
  const data = Float32Array.from({ length: width * height }, (_, i) =>
    brightness(((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height),
  );
  return { width, height, data };
}

/** What a square kernel makes of a picture, where it fits; a convolution as CNNs have it. */
export function filtered({ width, height, data }: Picture, kernel: ArrayLike<number>, isRectified = false): Picture {
  const side = Math.sqrt(kernel.length);
  const [columns, rows] = [width - side + 1, height - side + 1];
  const sums = new Float32Array(columns * rows);
  for (let k = 0; k < kernel.length; k++) {
    const weight = kernel[k];
    if (!weight) continue;
    const offset = Math.floor(k / side) * width + (k % side);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        sums[row * columns + column] += weight * data[offset + row * width + column];
  }
  if (isRectified) for (let i = 0; i < sums.length; i++) if (sums[i] < 0) sums[i] = 0;
  return { width: columns, height: rows, data: sums };
}
