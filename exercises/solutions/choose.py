import numpy as np


def choose(logits, temperature, top_k, random):
    if temperature == 0:
        return int(np.argmax(logits))
    order = np.argsort(-logits)[:top_k]
    powers = np.exp((logits[order] - logits.max()) / temperature)
    return int(random.choice(order, p=powers / powers.sum()))
