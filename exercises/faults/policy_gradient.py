LESS = "    gradient[np.arange(len(tokens)), tokens] -= 1\n"
ADVANTAGES = "(rewards - rewards.mean()) / (spread if spread > 0 else 1)"
END = "gradient * advantages[:, None] / len(rewards)"

MUTANTS = [
    ("sign", "return gradient", "return -gradient"),
    ("takes the sum", " / len(rewards)", ""),
    ("all logits", "/ len(rewards)", "/ logits.size"),
    ("number of symbols", "/ len(rewards)", "/ logits.shape[1]"),
    ("not divided by the standard", ADVANTAGES, "rewards - rewards.mean()"),
    ("variance", "rewards.std()", "rewards.var()"),
    ("n - 1", "rewards.std()", "rewards.std(ddof=1)"),
    ("baseline, is not", "(rewards - rewards.mean())", "rewards"),
    ("rewards themselves", ADVANTAGES, "rewards"),
    ("leaves no trace", ADVANTAGES, "np.maximum(" + ADVANTAGES + ", 0)"),
    ("Both answers", ADVANTAGES, "np.abs(" + ADVANTAGES + ")"),
    ("1 has to be", LESS, ""),
    ("for all symbols", LESS, "    gradient -= 1\n"),
    ("since the softmax", LESS, "    gradient = -np.eye(logits.shape[1])[tokens]\n"),
    (
        "with respect to the probability",
        LESS,
        "    gradient = -np.eye(logits.shape[1])[tokens] / gradient\n",
    ),
    (
        "loss has its logarithm",
        END,
        "gradient * (1 + gradient[np.arange(len(tokens)), tokens])[:, None] * "
        "advantages[:, None] / len(rewards)",
    ),
    (
        "columns",
        "logits.max(axis=1, keepdims=True))\n"
        "    gradient = powers / powers.sum(axis=1, keepdims=True)",
        "logits.max())\n    gradient = powers / powers.sum(axis=0)",
    ),
    ("1 is added", "-= 1", "+= 1"),
    ("sum of their row", " / powers.sum(axis=1, keepdims=True)", ""),
    ("for probabilities", LESS, "    gradient = logits.copy()\n" + LESS),
    ("left out", " * advantages[:, None]", ""),
    ("0 by 0", "(spread if spread > 0 else 1)", "spread"),
    ("all gradients are 0", ADVANTAGES, ADVANTAGES + " + (spread == 0)"),
    ("5000", "logits - logits.max(axis=1, keepdims=True)", "logits"),
    ("-4000", "logits.max(axis=1, keepdims=True)", "logits.mean()"),
    ("-4000", "logits.max(axis=1, keepdims=True)", "logits.max()"),
    ("median", "rewards - rewards.mean()", "rewards - np.median(rewards)"),
    ("advantages should be", "rewards - rewards.mean()", "rewards - rewards[0]"),
    ("ValueError", "advantages[:, None]", "advantages"),
    ("divide by their number", "/ len(rewards)", "/ 2"),
    ("numbers is expected", "return " + END, "return str(" + END + ")"),
    ("advantages should be", "(spread if spread > 0 else 1)", "(spread + 0.01)"),
    ("mean", "/ len(rewards)", "/ max(len(rewards) - 1, 1)"),
    ("advantages", "rewards - rewards.mean()", "rewards - rewards.max()"),
    ("sum to", " / powers.sum(axis=1, keepdims=True)", " / powers.sum(axis=1, keepdims=True) ** 2"),
]

UNSEEN = [
    ("baseline", "rewards - rewards.mean()", "rewards - rewards.min()"),
    ("advantages", "rewards.std()", "np.abs(rewards - rewards.mean()).mean()"),
    ("0 by 0", "(spread if spread > 0 else 1)", "np.maximum(spread, 1e-300) * (spread / spread)"),
]

OTHER = """
import math

import numpy as np

def policy_gradient(logits, tokens, rewards):
    count, baseline = len(rewards), sum(rewards) / len(rewards)
    spread = math.sqrt(sum((reward - baseline) ** 2 for reward in rewards) / count)
    gradient = np.zeros(logits.shape)
    for i, token in enumerate(tokens):
        if len(set(rewards)) == 1:
            continue
        shifted = logits[i] - max(logits[i])
        logarithms = shifted - np.log(np.exp(shifted).sum())
        for symbol in range(logits.shape[1]):
            slope = float(symbol == token) - math.exp(logarithms[symbol])
            gradient[i, symbol] = -slope * (rewards[i] - baseline) / spread / count
    return gradient
"""
