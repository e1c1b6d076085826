# %% [markdown] lang="en"
# # Backends: NumPy, SIMD, WebGPU
#
# The same model runs on three backends. **NumPy** is the reference. **SIMD** is a set of WebAssembly kernels that compute
# several numbers at a time on the CPU; in a browser it is the default. **WebGPU** uses the graphics card and has to be
# requested.

# %% [markdown] lang="ja"
# # バックエンドの切り替え: NumPy、SIMD、WebGPU
#
# 同じモデルを3つのバックエンドで動かせます。**NumPy**は基準となる実装です。**SIMD**はWebAssemblyの計算カーネルで、CPUで複数の数を一度に計算します。ブラウザでは自動的にこれが選ばれます。**WebGPU**はグラフィックスカードを使うもので、明示的に選んだときだけ動きます。

# %%
import time

import numpy as np
from IPython.display import display

import pyconvlite
import pyconvlite.functions as F
from pyconvlite import backends
from pyconvlite.backends import webgpu
from pyconvlite.models import LeNet
from pyconvlite.optimizers import SGD

print(backends.describe())

# %% [markdown] lang="en"
# ## SIMD and NumPy
#
# `backends.use` switches the backend, from now on or inside a `with` block. The results agree up to rounding.

# %% [markdown] lang="ja"
# ## SIMDとNumPy
#
# `backends.use`で切り替えます。`with`と一緒に使うと、その中だけで有効になります。結果は、丸め誤差を除けば同じです。

# %%
rng = np.random.default_rng(0)
x = rng.standard_normal((32, 16, 28, 28)).astype(np.float32)
W = rng.standard_normal((32, 16, 3, 3)).astype(np.float32)


def milliseconds(run, times=5):
    run()  # once to warm up
    start = time.perf_counter()
    for _ in range(times):
        run()
    return 1000 * (time.perf_counter() - start) / times


results = {}
for name in ("numpy", "simd"):
    try:
        with backends.use(name):
            results[name] = F.conv2d(x, W, pad=1).data
            print(f"{name:6} {milliseconds(lambda: F.conv2d(x, W, pad=1)):8.1f} ms")
    except backends.DeviceUnavailable as error:
        print(error)
for name, result in results.items():
    print(f"{name:6} differs from NumPy by at most {np.abs(result - results['numpy']).max():.1e}")

# %% [markdown] lang="en"
# ## WebGPU
#
# `init` opens the graphics card. If the browser cannot provide one, an error says what is missing, and the computation
# continues with SIMD. This notebook runs to its end either way.

# %% [markdown] lang="ja"
# ## WebGPU
#
# `init`でグラフィックスカードを使えるようにします。ブラウザで使えない場合は、何が足りないのかを説明し、計算はSIMDのまま続きます。ですから、このノートブックはどちらの場合も最後まで実行できます。

# %%
try:
    info = await webgpu.init()
    name = info.description or " ".join([info.vendor, info.architecture])
    print("WebGPU:", name, "(a CPU that stands in for a GPU)" if info.fallback else "")
except webgpu.WebGPUUnavailable as error:
    print("This notebook continues without a GPU:", error)

# %% [markdown] lang="en"
# `to_gpu` moves a model to the GPU, `webgpu.asarray` its data. A training step then copies nothing back; a number is
# copied only when you read it.

# %% [markdown] lang="ja"
# モデルは`to_gpu`、データは`webgpu.asarray`で移します。そのあとは、学習の1ステップの間にデータがCPUへコピーされることはありません。値は、読み出したときにだけコピーされます。

# %%
images = rng.random((64, 1, 28, 28)).astype(np.float32)
labels = rng.integers(0, 10, 64).astype(np.int32)


async def train(gpu, steps=10):
    """Losses of the first and the last step, and milliseconds a step."""
    pyconvlite.seed(0)
    model = LeNet()
    optimizer = SGD(lr=0.1).setup(model)
    x, t = images, labels
    if gpu:
        model.to_gpu()
        x, t = webgpu.asarray(x), webgpu.asarray(t)
    losses = []
    for step in range(steps + 1):
        if step == 1:
            await webgpu.asnumpy_async(losses[0])  # the first step is to warm up
            start = time.perf_counter()
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        losses.append(loss.data)
    first, last = [float(await webgpu.asnumpy_async(losses[i])) for i in (0, -1)]
    return first, last, 1000 * (time.perf_counter() - start) / steps


for gpu in (False, True) if webgpu.is_available() else (False,):
    first, last, each = await train(gpu)
    print(f"{'WebGPU' if gpu else 'CPU':7} loss {first:.4f} -> {last:.4f}, {each:.1f} ms a step")

# %% [markdown] lang="en"
# A small network on a large graphics card spends most of its time on launching kernels. `webgpu.capture(step)` records a
# whole step once and replays it with new data in one call.

# %% [markdown] lang="ja"
# 小さなネットワークを大きなグラフィックスカードで動かすと、計算そのものより、計算を始める準備に時間がかかります。`webgpu.capture(step)`を使うと、1ステップ全体を一度だけ記録し、次からは新しいデータでまとめて再生できます。

# %%
if webgpu.is_available():
    model = LeNet()
    optimizer = SGD(lr=0.1).setup(model)
    model.to_gpu()

    def step(x, t):
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    replayed = webgpu.capture(step)
    x, t = webgpu.asarray(images), webgpu.asarray(labels)
    losses = [float(await webgpu.asnumpy_async(replayed(x, t).data)) for _ in range(5)]
    print("replayed:", *[f"{loss:.4f}" for loss in losses])
    display(model.conv1.W)
else:
    print("There is no GPU to record on.")

# %% [markdown] lang="en"
# **Try it:** which backend is faster on your machine, and from which batch size on?

# %% [markdown] lang="ja"
# **やってみよう:** あなたのパソコンでは、どれが速いでしょうか。バッチサイズをいくつにすると、順番が入れかわるでしょうか。
