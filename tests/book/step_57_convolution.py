"""Convolution and pooling, their layers, and batch normalization."""

import dezero.functions as F
import dezero.layers as L
import numpy as np
from dezero import Model, Variable, optimizers
from dezero.utils import get_conv_outsize, get_deconv_outsize, pair

print(pair(1), pair((1, 2)), get_conv_outsize(5, 3, 1, 1), get_deconv_outsize(5, 3, 2, 1))
np.random.seed(0)
x = np.random.rand(1, 3, 7, 7)
print(F.im2col(x, kernel_size=5, stride=1, pad=0, to_matrix=True).shape, F.im2col(x, 5, 1, 0, False).shape)
x, W = Variable(np.random.randn(1, 5, 15, 15)), Variable(np.random.randn(8, 5, 3, 3))
for f in (F.conv2d, F.conv2d_simple):
    x.cleargrad()
    y = f(x, W, b=None, stride=1, pad=1)
    y.backward()
    print(y.shape, F.sum(y), F.sum(x.grad), F.sum(W.grad * W))
    W.cleargrad()
for f in (F.pooling, F.pooling_simple, F.average_pooling):
    x.cleargrad()
    y = f(x, 3, 2, 0)
    y.backward()
    print(y.shape, F.sum(y), F.sum(x.grad * x))


class Net(Model):
    def __init__(self):
        super().__init__()
        self.conv = L.Conv2d(4, kernel_size=3, stride=2, pad=1)
        self.bn = L.BatchNorm()
        self.deconv = L.Deconv2d(2, kernel_size=4, stride=2, pad=1)
        self.fc = L.Linear(3)

    def forward(self, x):
        x = F.relu(self.bn(self.conv(x)))
        x = F.leaky_relu(self.deconv(x))
        return self.fc(F.reshape(x, (x.shape[0], -1)))


model = Net()
optimizer = optimizers.MomentumSGD(0.05).setup(model)
x = np.random.rand(6, 3, 8, 8).astype(np.float32)
t = np.random.randint(0, 3, 6)
for i in range(5):
    loss = F.softmax_cross_entropy(model(x), t)
    model.cleargrads()
    loss.backward()
    optimizer.update()
    print(loss)
print(model.bn.avg_mean, model.bn.avg_var)
