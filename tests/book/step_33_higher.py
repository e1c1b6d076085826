"""Higher derivatives: Newton's method, the sine, the hyperbolic tangent, a gradient's gradient."""

import dezero.functions as F
import numpy as np
from dezero import Variable

x = Variable(np.array(2.0))
for i in range(10):
    y = x**4 - 2 * x**2
    x.cleargrad()
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    gx.backward()
    gx2 = x.grad
    x.data -= gx.data / gx2.data
print(x)

x = Variable(np.linspace(-7, 7, 8))
y = F.sin(x)
y.backward(create_graph=True)
for i in range(3):
    print(x.grad.data)
    gx = x.grad
    x.cleargrad()
    gx.backward(create_graph=True)

x = Variable(np.array(1.0), name="x")
y = F.tanh(x)
y.backward(create_graph=True)
for i in range(4):
    gx = x.grad
    x.cleargrad()
    gx.backward(create_graph=True)
print(x.grad.data)

x = Variable(np.array(2.0))
y = x**2
y.backward(create_graph=True)
gx = x.grad
x.cleargrad()
z = gx**3 + y
z.backward()
print(x.grad)
