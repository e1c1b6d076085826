// Colours of the style sheet as numbers, for what is drawn pixel by pixel.

export type Colour = [red: number, green: number, blue: number];

/** Of a colour as the style sheet writes it, #rrggbb. */
export const rgb = (hex: string): Colour => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Colour;

/** Of a token, as it is at an element: `--plus`. */
export const colourAt = (element: Element, token: string): Colour =>
  rgb(getComputedStyle(element).getPropertyValue(token).trim());
