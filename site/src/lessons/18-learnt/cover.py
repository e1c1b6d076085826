# en: Occlusion: the same picture with a grey patch everywhere in turn
# ja: 遮蔽: 同じ画像の、あらゆる位置を順に灰色の四角で隠したもの
# en: the number of places each way
# ja: 縦横それぞれの位置の数
side = 17 - patch
covered = np.repeat(picture[None, None], side**2, axis=0)
counts = np.zeros((16, 16))
places = [np.s_[i : i + patch, j : j + patch] for i in range(side) for j in range(side)]
for each, place in zip(covered[:, 0], places, strict=True):
    each[place] = 0.5
    counts[place] += 1
left_over = 100 * F.softmax(net(covered)).data[:, digit]
drops = probabilities[digit] - left_over

# en: what a pixel loses: the mean of all patches that cover it
# ja: 画素ごとの低下: その画素を隠すすべての四角の平均
drop = np.zeros((16, 16))
for fall, place in zip(drops, places, strict=True):
    drop[place] += fall
drop /= counts
lost = np.maximum(drop, 0)
alike = np.corrcoef(lost.ravel(), heat.ravel())[0, 1] if lost.any() and heat.any() else 0
of = np.array([first, second, digit, patch])
