from pyconvlite import no_grad

recall(steps)

kept = []
with no_grad(), blocks[layer - 1].register_forward_hook(lambda _, inputs, y: kept.append(y.data)):
    scores = net(held_out)
maps = kept[0]  # (60, channels, rows, columns)
right = 100 * np.mean(scores.data.argmax(axis=1) == answers)

# en: what a unit sees: how many pixels each way, from where, and how far on for the next one
# ja: ユニットが見る範囲: 一辺の画素数、始まる位置、隣のユニットとの間隔
field, start, stride = [(3, -1, 1), (8, -3, 2)][layer - 1]
padded = np.pad(held_out[:, 0], ((0, 0), (3, 3), (3, 3)))


# en: pictures, and the corner of what the unit that responded most sees
# ja: 画像と、最も強く反応したユニットが見た範囲の左上の位置
def favourites(c, count):
    strongest = maps[:, c].max(axis=(1, 2))
    chosen = (-strongest).argsort()[:count]
    units = [np.unravel_index(m.argmax(), m.shape) for m in maps[chosen, c]]
    return chosen, start + stride * np.array(units), strongest[chosen]


# en: for each channel, the one that excites it most
# ja: 各チャンネルを最も強く反応させた部分
patches = []
for c in range(maps.shape[1]):
    (n,), [(top, left)], _ = favourites(c, 1)
    patches.append(padded[n, top + 3 : top + 3 + field, left + 3 : left + 3 + field])

best, corners, response = favourites(channel, 6)
shown = held_out[best, 0]
digits = answers[best]
of = np.array([steps, layer, channel])
