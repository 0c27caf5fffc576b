import numpy as np


def policy_gradient(logits, tokens, rewards):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    gradient = powers / powers.sum(axis=1, keepdims=True)
    gradient[np.arange(len(tokens)), tokens] -= 1
    spread = 0 if (rewards == rewards[0]).all() else rewards.std()
    advantages = (rewards - rewards.mean()) / (spread if spread > 0 else 1)
    return gradient * advantages[:, None] / len(rewards)
