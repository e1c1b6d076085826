// The map of the loss: slopes to the right, heights upward.

/** What descent.py draws it of. */
export const GROUND = { slope: [-1.5, 3.5], height: [-2.5, 3.5], cells: 41 } as const;

export const [WIDTH, HEIGHT] = [500, 600]; // units of the drawing: as many to 1 both ways, or angles would be wrong

const { slope, height } = GROUND;

export const across = (value: number): number => ((value - slope[0]) / (slope[1] - slope[0])) * WIDTH;
export const up = (value: number): number => ((height[1] - value) / (height[1] - height[0])) * HEIGHT;

/** The slope and the height at a place of the drawing, to two decimals. */
export const weightsAt = (x: number, y: number): [number, number] => {
  const round = (value: number) => Math.round(100 * value) / 100;
  return [
    round(slope[0] + (x / WIDTH) * (slope[1] - slope[0])),
    round(height[1] - (y / HEIGHT) * (height[1] - height[0])),
  ];
};
