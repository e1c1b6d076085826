import numpy as np

N, OH, OW, OC = 2, 2, 2, 3

a = t.reshape(N, OH, OW, OC)
y = a.transpose(0, 3, 1, 2)

# en: how far apart neighbours lie in memory, axis by axis
# ja: 軸ごとの、隣り合う要素のメモリ上の間隔
steps = np.array(y.strides) // y.itemsize

# en: a reshape alone mixes the channels
# ja: reshape だけではチャンネルが混ざります
wrong = t.reshape(N, OC, OH, OW)
