GROW = "np.vstack([keys, key]), np.vstack([values, value])"
SHARES = "powers / powers.sum() @ values"

MUTANTS = [
    ("belongs at the end", GROW, "np.vstack([key, keys]), np.vstack([value, values])"),
    ("belongs at the end", GROW, "np.vstack([keys, key]), np.vstack([value, values])"),
    ("query is kept", "np.vstack([keys, key])", "np.vstack([keys, query])"),
    ("zeros", "np.vstack([values, value])", "np.vstack([values, 0 * value])"),
    ("there twice", "np.vstack([keys, key])", "np.vstack([keys, keys[-1:]])"),
    ("shape", SHARES + ", keys, values", SHARES + ", keys[:-1], values[:-1]"),
    ("shape", GROW, "np.vstack([keys[-1:], key]), np.vstack([values[-1:], value])"),
    ("look at itself", SHARES, "powers[:-1] / powers[:-1].sum() @ values[:-1]"),
    ("itself only", SHARES, "value"),
    ("adds up", SHARES, "values.sum(axis=0)"),
    ("oldest", SHARES, "powers[1:] / powers[1:].sum() @ values[1:]"),
    ("not divided", " / np.sqrt(len(query))", ""),
    ("divided by the size", "np.sqrt(len(query))", "len(query)"),
    ("number of tokens", "np.sqrt(len(query))", "np.sqrt(len(keys))"),
    ("size of a value", "np.sqrt(len(query))", "np.sqrt(len(value))"),
    ("divide by it", "/ np.sqrt", "* np.sqrt"),
    ("sign", "keys @ query", "-keys @ query"),
    ("and not the query", "keys @ query", "keys @ key"),
    ("as much of each", SHARES, "values.mean(axis=0)"),
    ("softmax", SHARES, "match @ values"),
    ("best match", SHARES, "values[match.argmax()]"),
    ("leaves out the new", SHARES, "powers / powers[:-1].sum() @ values"),
    ("overflows", "match - match.max()", "match"),
    ("3 results", SHARES + ", keys, values", SHARES),
    ("mixture", SHARES, "powers / powers.sum() @ np.abs(values)"),
    ("None", "    return " + SHARES + ", keys, values\n", ""),
]

UNSEEN = [
    ("overflows", "match - match.max()", "match - match.mean()"),
    ("oldest", "match.max())", "match.max()) * (np.arange(len(keys)) > (len(keys) > 2) - 1)"),
    ("overflows", "match - match.max()", "np.clip(match, -700, 709.9)"),
    ("first token", SHARES, "powers / powers.sum() @ values * (len(keys) > 1)"),
    ("itself", "match.max())", "match.max()) * (np.arange(len(keys)) < max(len(keys) - 1, 1))"),
    ("shares", "keys @ query", "keys @ query - keys @ keys.mean(axis=0)"),
]

OTHER = """
import math

import numpy as np

def kv_cache(query, key, value, keys, values):
    keys, values = [*keys, key], [*values, value]
    best, total, taken = -math.inf, 0.0, 0.0
    for one, worth in zip(keys, values):
        match = sum(query * one) / len(query) ** 0.5
        higher = max(best, match)
        old, new = math.exp(best - higher), math.exp(match - higher)
        best, total, taken = higher, total * old + new, taken * old + new * worth
    return taken / total, np.array(keys), np.array(values)
"""
