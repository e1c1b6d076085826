"""A sine by layers, models and optimizers."""

import dezero.functions as F
import dezero.layers as L
import numpy as np
from dezero import Layer, Model, Parameter, Variable, optimizers
from dezero.models import MLP, Sequential

np.random.seed(0)
x = np.random.rand(100, 1)
y = np.sin(2 * np.pi * x) + np.random.rand(100, 1)


layer = Layer()
layer.p1, layer.p2 = Parameter(np.array(1)), Parameter(np.array(2))
layer.p3, layer.p4 = Variable(np.array(3)), "text"
for name in sorted(layer._params):
    print(name, layer.__dict__[name])


class TwoLayerNet(Model):
    def __init__(self, hidden_size, out_size):
        super().__init__()
        self.l1 = L.Linear(hidden_size)
        self.l2 = L.Linear(out_size)

    def forward(self, x):
        return self.l2(F.sigmoid(self.l1(x)))


models = [TwoLayerNet(10, 1), MLP((10, 5, 1), activation=F.tanh)]
for model in [*models, Sequential(L.Linear(4, in_size=1), F.ReLU(), L.Linear(1))]:
    for i in range(10):
        loss = F.mean_squared_error(model(x), y)
        model.cleargrads()
        loss.backward()
        for p in model.params():
            p.data -= 0.1 * p.grad.data
    print(type(model).__name__, loss)

rules = [optimizers.SGD(0.2), optimizers.MomentumSGD(0.2), optimizers.AdaGrad(0.1), optimizers.AdaDelta()]
for optimizer in [*rules, optimizers.Adam(0.01)]:
    model = MLP((10, 1))
    optimizer.setup(model)
    optimizer.add_hook(optimizers.WeightDecay(1e-3))
    optimizer.add_hook(optimizers.ClipGrad(0.5))
    for i in range(20):
        loss = F.mean_squared_error(model(x), y)
        model.cleargrads()
        loss.backward()
        optimizer.update()
    print(type(optimizer).__name__, loss)
print(isinstance(model, Layer), model.l0.out_size, isinstance(model.l0.W, Variable), model.layers[1].b.name)
