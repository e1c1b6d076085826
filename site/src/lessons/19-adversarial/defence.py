defended = trained(epsilon)


# en: how many are right, in per cent, when every pixel moves by `size`, up the loss
# ja: どの画素も損失が増える向きに size だけ動かしたときの正解率(%)
def right(network, size):
    moved = pictures + size * np.sign(slopes(network, pictures, labels))
    scores = network(moved.clip(0, 1)).data
    return 100 * np.mean(scores.argmax(axis=1) == labels)


sizes = [n / 40 for n in range(13)]  # 0, 0.025, ... 0.3
usual = [right(model, size) for size in sizes]
trained_on = [right(defended, size) for size in sizes]

# en: what would make it look less like an 8 to either
# ja: それぞれのネットワークにとって 8 らしさを減らす向き
eight = pictures[8:9]
slope = slopes(model, eight, labels[8:9])[0, 0]
slope_defended = slopes(defended, eight, labels[8:9])[0, 0]
