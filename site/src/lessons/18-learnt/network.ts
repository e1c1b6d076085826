// What the figures know of the network; see ../network.py.

/** Channels of each layer; last, the classes. */
export const CHANNELS = [8, 32, 10];

/** In place of a layer's number. */
export const CLASSES = 3;
