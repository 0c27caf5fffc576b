MUTANTS = [
    ("lets", "    match += np.triu(np.full(match.shape, -np.inf), k=1)\n", ""),
    ("not divided", " / np.sqrt(query.shape[-1])", ""),
    ("divided by the size", "np.sqrt(query.shape[-1])", "query.shape[-1]"),
    ("number of steps", "query.shape[-1]", "query.shape[0]"),
    ("nothing", "k=1", "k=0"),
    ("lets", "k=1", "k=2"),
    (
        "lets",
        "np.triu(np.full(match.shape, -np.inf), k=1)",
        "np.tril(np.full(match.shape, -np.inf), k=-1)",
    ),
    (
        "columns",
        "match.max(axis=1, keepdims=True))\n    shares = powers / powers.sum(axis=1, "
        "keepdims=True)",
        "match.max())\n    shares = powers / powers.sum(axis=0, keepdims=True)",
    ),
    (
        "changed places",
        "query @ key.T / np.sqrt(query.shape[-1])",
        "key @ query.T / np.sqrt(query.shape[-1])",
    ),
    ("mixture", "shares @ value", "shares.T @ value"),
    (
        "sum to",
        "    match += np.triu(np.full(match.shape, -np.inf), k=1)\n    powers = np.exp("
        "match - match.max(axis=1, keepdims=True))\n    shares = powers / powers.sum(axis=1, "
        "keepdims=True)",
        "    powers = np.exp(match - match.max(axis=1, keepdims=True))\n"
        "    shares = np.tril(powers / powers.sum(axis=1, keepdims=True))",
    ),
    ("lets", "np.full(match.shape, -np.inf)", "np.full(match.shape, -1.0)"),
    ("keep their axis", "powers.sum(axis=1, keepdims=True)", "powers.sum(axis=1)"),
    (
        "may see",
        "    match += np.triu(np.full(match.shape, -np.inf), k=1)\n"
        "    powers = np.exp(match - match.max(axis=1, keepdims=True))\n",
        "    powers = np.tril(np.exp(match - match.max(axis=1, keepdims=True)))\n",
    ),
    ("overflows", "match - match.max(axis=1, keepdims=True)", "match"),
    (
        "softmax",
        "    shares = powers / powers.sum(axis=1, keepdims=True)",
        "    shares = np.tril(np.ones(match.shape)) / np.arange(1, len(match) + 1)[:, None]",
    ),
    (
        "lets",
        "np.triu(np.full(match.shape, -np.inf), k=1)",
        "np.where(np.triu(np.ones(match.shape), k=1) == 1, -match, 0)",
    ),
    ("ValueError", "query @ key.T", "query.T @ key"),
    (
        "nan",
        "np.triu(np.full(match.shape, -np.inf), k=1)",
        "np.triu(np.ones(match.shape), k=1) * -np.inf",
    ),
    ("sign", "query @ key.T / np", "-query @ key.T / np"),
    ("shape", "return shares @ value, shares", "return shares @ value, shares[None]"),
]

UNSEEN = [
    ("divided", "/ np.sqrt(query.shape[-1])", "* np.sqrt(query.shape[-1])"),
    ("lets", "k=1", "k=3"),
    ("mixture", "shares @ value", "shares @ (value - value.mean(axis=0))"),
]

OTHER = """
import numpy as np

def attention(query, key, value):
    shares = np.zeros((len(query), len(key)))
    for step in range(len(query)):
        match = [query[step] @ key[other] / len(query[step]) ** 0.5 for other in range(step + 1)]
        powers = np.exp(np.array(match) - max(match))
        shares[step, : step + 1] = powers / powers.sum()
    return shares @ value, shares
"""
