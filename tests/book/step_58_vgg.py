"""The structure of VGG16, with few channels: the names of its Parameters, its numbers, its dropout."""

import dezero
import dezero.functions as F
import dezero.layers as L
import numpy as np
from dezero.models import VGG16

model = VGG16()
print(model.conv5_3.out_channels, model.fc8.out_size, VGG16.WEIGHTS_PATH)
for name in list(vars(model)):
    if name.startswith("conv"):
        setattr(model, name, L.Conv2d(4, kernel_size=3, stride=1, pad=1))
model.fc6, model.fc7, model.fc8 = L.Linear(20), L.Linear(20), L.Linear(10)
np.random.seed(0)
x = np.random.randn(2, 3, 32, 32).astype(np.float32)
y = model(x)
print(y / F.max(y))
with dezero.test_mode(), dezero.no_grad():
    y = model(x)
    print(y / F.max(y), y.creator)
params = {}
model._flatten_params(params)
for name in sorted(params):
    print(name, params[name].shape)
