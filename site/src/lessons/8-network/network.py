import numpy as np

import pyconvlite.layers as L

layers = [
    L.Conv2d(OC1, kernel_size=K, pad=P),
    L.ReLU(),
    L.MaxPool(2, 2),
    L.Conv2d(OC2, kernel_size=K, pad=P),
    L.ReLU(),
    L.MaxPool(2, 2),
    L.Flatten(),
    L.Linear(10),
]

x = np.zeros((1, C, H, W), dtype=np.float32)
names, sizes, weights = ["Image"], [(C, H, W)], [0]
for layer in layers:
    x = layer(x)
    names.append(type(layer).__name__)
    # en: flat: (n, 1, 1)
    # ja: 平らにした後は (n, 1, 1)
    sizes.append((*x.shape[1:], 1, 1)[:3])
    weights.append(sum(p.size for p in layer.params()))
names = " ".join(names)
