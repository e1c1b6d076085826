from pyconvlite import Variable, grad

recall(160)
noise = np.abs(np.random.default_rng(1).normal(0, 0.1, (1, 1, 16, 16)))


# en: the response of a class, or of a channel before its ReLU
# ja: クラス、または ReLU の前のチャンネルの反応
def response(v):
    if layer == 3:
        return net(v)[0, channel]
    kept = []
    with blocks[layer - 1][0].register_forward_hook(lambda _, inputs, y: kept.append(y)):
        net(v)
    return F.mean(kept[0][0, channel])


def blurred(picture):
    p = np.pad(picture, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    p = (p[:, :, :-2] + 2 * p[:, :, 1:-1] + p[:, :, 2:]) / 4
    return (p[..., :-2] + 2 * p[..., 1:-1] + p[..., 2:]) / 4


def climb(is_tame):
    picture, way, heights = noise, [], []
    for _ in range(31):
        v = Variable(picture)
        height = response(v)
        way.append(picture[0, 0])
        heights.append(height.data)
        (slope,) = grad(height, v)
        uphill = slope.data / (np.sqrt(np.mean(slope.data**2)) + 1e-8)
        picture = picture + 0.1 * uphill
        if is_tame:
            picture = (1 - decay) * picture
            picture = picture + blur * (blurred(picture) - picture)
            picture = picture.clip(0, 1)
    # en: every second step is drawn
    # ja: 描画するのは 1 ステップおき
    return np.round(np.array(way[::2], float), 2), heights[::2]


plain, high = climb(False)
tamed, low = climb(True)
responses = np.array([high, low])
of = np.array([layer, channel])
