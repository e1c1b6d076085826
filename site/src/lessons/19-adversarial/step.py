x, t = pictures[digit : digit + 1], labels[digit : digit + 1]

# en: the signs of the gradient: +1 or -1 for each pixel
# ja: 勾配の符号: 画素ごとに +1 か -1
signs = np.sign(slopes(model, x, t))
coins = np.random.default_rng(digit).choice(np.float32([-1, 1]), x.shape)

fooled = (x + epsilon * signs).clip(0, 1)
noisy = (x + epsilon * coins).clip(0, 1)
read = F.softmax(model(np.concatenate([x, fooled, noisy])))

picture, changed, random = x[0, 0], fooled[0, 0], noisy[0, 0]
step, noise = epsilon * signs[0, 0], epsilon * coins[0, 0]
