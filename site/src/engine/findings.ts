// What the Train page's worker finds in its model, as looking.py, inspecting.py and fooling.py tell it.

/** Numbers of one array, last axis fastest. */
export interface Picture {
  shape: number[];
  data: Float32Array<ArrayBuffer>;
}

/** What the model makes of one picture. */
export interface Look {
  /** Of a test image. */
  label?: number;
  /** (28, 28), as the model receives it. */
  picture: Picture;
  probabilities: Picture;
}

/** What the model reads in test images. */
export interface Reading {
  /** In the first ones. */
  predicted: number[];
  /** Of some hundred. */
  accuracy: number;
  loss: number;
}

/** From a picture to one that the model reads as something else. */
export interface Walk {
  /** (steps + 1, 28, 28), the first one as it was. */
  pictures: Picture;
  /** (steps + 1, classes). */
  probabilities: Picture;
}

/** A training image that resembles a picture. */
export interface Neighbour {
  label: number;
  /** At most 1. */
  likeness: number;
  /** 28 x 28. */
  pixels: Uint8Array<ArrayBuffer>;
}

/** One step of the model's answer. */
export interface Stage {
  /** Whose weights it takes; '' if it takes none. */
  layer: string;
  /** A Function of pyconvlite. */
  kind: string;
  /** (C, H, W). */
  maps: Picture;
  /** The stages that it takes its input from; -1 for the picture. */
  sources: number[];
  /** (C, C of the input), what each map of the input gives; see inspecting.py. */
  links?: { flow: Picture; net: Picture };
}

/** What the model makes of a picture, step by step. */
export interface Report {
  predicted: number;
  /** The class that the saliency is about. */
  target: number;
  /** (28, 28), at least 0. */
  saliency: Picture;
  stages: Stage[];
}

/** How a pixel came about; see inspecting.py. */
export interface Detail {
  value: number;
  rule: 'sum' | 'max' | 'mean' | 'each';
  values?: number[];
  first?: number;
  top?: number;
  left?: number;
  /** Down and across, of a window that slides. */
  stride?: number[];
  dilation?: number[];
  window?: Picture;
  weights?: Picture;
  before?: Picture;
  products?: Picture;
  sums?: number[];
  bias?: number;
  /** (n, height, width), what each slice gives to the whole map. */
  parts?: Picture;
  taken?: number;
}

export interface Histogram {
  low: number;
  high: number;
  counts: number[];
}

/** How a stage does on the probe's images; see inspecting.py. */
export interface Measure {
  dead: number[];
  zeros: number;
  histogram: Histogram;
  gradient?: number;
  weights?: { now: Histogram; before: Histogram; change: number };
}
