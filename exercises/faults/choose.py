MUTANTS = [
    ("5000", "logits[order] - logits.max()", "logits[order] - logits.mean()"),
    ("divide by it", "/ temperature", "* temperature"),
    ("temperature changes nothing", ") / temperature)", "))"),
    ("temperature = 0", "    if temperature == 0:\n        return int(np.argmax(logits))\n", ""),
    ("largest logit", "np.argmax(logits)", "np.argmin(logits)"),
    ("top_k changes nothing", "[:top_k]", ""),
    ("likeliest", "np.argsort(-logits)", "np.argsort(logits)"),
    ("sum to 1", "p=powers / powers.sum()", "p=powers"),
    ("equally often", "p=powers / powers.sum()", "p=np.ones(len(order)) / len(order)"),
    ("should draw", "random.choice(order, p=powers / powers.sum())", "order[0]"),
    ("same state", "random.choice", "np.random.choice"),
    (
        "number of",
        "int(random.choice(order, p=powers / powers.sum()))",
        "float((powers / powers.sum())[0])",
    ),
    ("5000", "logits[order] - logits.max()", "logits[order]"),
    (
        "before the softmax",
        "    powers = np.exp((logits[order] - logits.max()) / temperature)",
        "    powers = np.exp(logits[order] - logits.max()) + (temperature - 1) * 0.3\n"
        "    powers = np.maximum(powers, 0)",
    ),
    ("others", "[:top_k]", "[: top_k and top_k + 1]"),
    ("with the shares", "random.choice(order, p", "random.choice(len(order), p"),
    (
        "ratio",
        "p=powers / powers.sum()",
        "p=powers / powers.sum() if top_k is None else np.ones(len(order)) / len(order)",
    ),
    ("sign", "powers = np.exp((logits", "powers = 1 / np.exp((logits"),
    ("60 tokens", "[:top_k]", "[: top_k or 5]"),
    ("60 tokens", "[:top_k]", "[: top_k or 40]"),
    ("draws", "int(np.argmax(logits))", "int(random.integers(len(logits)))"),
    ("60 tokens", "[:top_k]", "[: top_k and min(top_k, 3)]"),
    ("temperature 0.2", "/ temperature)", "/ max(temperature, 0.5))"),
]

UNSEEN = [
    ("shares", "[:top_k]", "[: (top_k or len(logits)) - 1 or 1]"),
    ("temperature", "/ temperature", "/ temperature**2"),
    ("always", "temperature == 0", "temperature <= 1"),
]

OTHER = """
import numpy as np

def choose(logits, temperature, top_k, random):
    if not temperature:
        return logits.argmax()
    scaled = logits / temperature
    if top_k is not None:
        scaled = np.where(scaled >= np.sort(scaled)[-top_k], scaled, -np.inf)
    return (scaled + random.gumbel(size=len(logits))).argmax()
"""
