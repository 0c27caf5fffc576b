"""Let a trained GPT write: greedily, or by chance, as boldly as you like.

    python text/gpt/generate.py RUN --prompt "ROMEO:"
    python text/gpt/generate.py RUN --temperature 0                # always the likeliest character
    python text/gpt/generate.py RUN --temperature 0.8 --top-k 10   # among the ten likeliest
    python text/gpt/generate.py RUN --top-p 0.9 --length 500 --seed 3

RUN is the folder of a run of `shakespeare.py`, or its name. You will see the text appear, character
by character. The network is read out of its file and worked out in numpy, with a cache of keys and
values, so that each new character costs one place and not 64; --check compares with Keras, which
takes half a minute more. Without it, a few seconds.
Chapter: text/gpt/README.md#writing
"""

from chapter import OUTPUTS

import time

import numpy as np
from scipy.special import erf, softmax

from characters import encode, load_run
from utils.options import make_parser, number, positive, seed
from utils.runs import fail, make_folder, save_results

PROMPT = "ROMEO:"
TEMPERATURE = 0.8  # below 1 likely characters become likelier, above 1 less so; 0: greedy
LENGTH = 200  # characters to write
SEED = 1


def choose(logits, random, temperature=1.0, top_k=None, top_p=1.0):
    """Return the next token, drawn with the probabilities of the logits, (symbols,).

    top_k: among so many likeliest ones. top_p: among the likeliest ones that together have at least
    this probability. Source of the latter: Holtzman and others, "The curious case of neural text
    degeneration", 2020.
    """
    if temperature == 0:
        return int(logits.argmax())
    order = np.argsort(-logits, kind="stable")
    probabilities = softmax(logits[order].astype("float64") / temperature)
    before = np.cumsum(probabilities) - probabilities  # of the tokens that are likelier
    probabilities[top_k or len(order) :] = 0
    probabilities[before >= top_p] = 0
    return int(random.choice(order, p=probabilities / probabilities.sum()))


def normalize(x, layer):
    """Do what LayerNormalization does; x: (width,)."""
    gamma, beta = layer.get_weights()
    return gamma * (x - x.mean()) / np.sqrt(x.var() + layer.epsilon) + beta


class CachedGPT:
    """A trained GPT in numpy that reads one token at a time.

    What later tokens need of it, its key and its value in each block, is kept: it never changes,
    because no token sees a later one.
    """

    def __init__(self, model):
        self.context = model.input_shape[1]
        names = [layer.name for layer in model.layers]
        self.layer = dict(zip(names, model.layers, strict=True))
        self.weights = {name: layer.get_weights() for name, layer in self.layer.items()}
        self.blocks = [name.removesuffix("_wide") for name in names if name.endswith("_wide")]
        self.forget()

    def forget(self):
        self.keys = {name: [] for name in self.blocks}  # of each token: (heads, size)
        self.values = {name: [] for name in self.blocks}
        self.length = 0

    def read(self, token):
        """Return the logits (symbols,) after the tokens read so far and this one."""
        x = self.weights["embedding"][0][token]  # (width,)
        if "positions" in self.weights:
            x = x + self.weights["positions"][0][self.length]
        for name in self.blocks:
            x = x + self.attend(normalize(x, self.layer[f"{name}_normal_1"]), name)
            kernel, bias = self.weights[f"{name}_wide"]
            wide = normalize(x, self.layer[f"{name}_normal_2"]) @ kernel + bias
            wide = wide * (1 + erf(wide / np.sqrt(2))) / 2  # gelu
            kernel, bias = self.weights[f"{name}_narrow"]
            x = x + wide @ kernel + bias
        self.length += 1
        kernel, bias = self.weights["logits"]
        return normalize(x, self.layer["normal"]) @ kernel + bias

    def attend(self, x, name):
        """Let a token, (width,), look at those before it and at itself."""
        weights = self.weights[f"{name}_attention"]
        query, key, value = (
            np.einsum("f,fhd->hd", x, kernel) + bias
            for kernel, bias in zip(weights[:6:2], weights[1:6:2], strict=True)
        )
        self.keys[name].append(key)
        self.values[name].append(value)
        match = np.einsum("hd,thd->ht", query, np.array(self.keys[name]))  # (heads, time)
        shares = softmax(match / np.sqrt(query.shape[-1]), axis=1)
        mixture = np.einsum("ht,thd->hd", shares, np.array(self.values[name]))
        return np.einsum("hd,hdf->f", mixture, weights[6]) + weights[7]


def last_window(length, context):
    """Return where the window begins in which the network reads a text of this length.

    When it is full, it forgets its first half, and reads the other half anew.
    """
    half = context // 2
    return 0 if length <= context else -(-(length - context) // half) * half


def cached_logits(model):
    """Return a function that gives the logits (symbols,) after a text, a list of tokens."""
    cache, begins = CachedGPT(model), 0

    def logits(tokens):
        nonlocal begins
        if last_window(len(tokens), cache.context) != begins:
            begins = last_window(len(tokens), cache.context)
            cache.forget()
        for token in tokens[begins + cache.length :]:
            result = cache.read(token)
        return result

    return logits


def keras_logits(model):
    """Return the same without a cache: all 64 places are worked out for every token."""
    context = model.input_shape[1]

    def logits(tokens):
        tokens = tokens[last_window(len(tokens), context) :]
        window = np.zeros((1, context), "int32")  # what stands after the text, no place sees
        window[0, : len(tokens)] = tokens
        return model.predict(window, verbose=0)[0, len(tokens) - 1]

    return logits


def write(model, alphabet, prompt, length, seed=SEED, logits=None, **how):
    """Yield the characters that the network writes after a prompt; how: as for choose."""
    random, logits = np.random.default_rng(seed), logits or cached_logits(model)
    tokens = list(encode(prompt, alphabet))
    for _ in range(length):
        tokens.append(choose(logits(tokens), random, **how))
        yield alphabet[tokens[-1]]


def check(model, alphabet, prompt, text):
    """Return seconds with and without the cache, and how far their logits lie apart."""
    tokens, seconds, found = list(encode(prompt + text, alphabet)), [], []
    for make in (cached_logits, keras_logits):
        logits, start = make(model), time.perf_counter()
        found.append([logits(tokens[:end]) for end in range(len(prompt), len(tokens))])
        seconds.append(time.perf_counter() - start)
    return {
        "difference": float(np.abs(np.subtract(*found)).max()),
        "seconds": {"cache": seconds[0], "keras": seconds[1]},
    }


def main(argv=None):
    """Return the text, and with --check what the cache saves."""
    parser = make_parser("Lets a trained GPT write.", OUTPUTS)
    add = parser.add_argument
    add("run", metavar="RUN", help="folder of a run of shakespeare.py")
    add("--prompt", default=PROMPT, help="how the text begins")
    add("--temperature", type=number(float, 0), default=TEMPERATURE)
    add("--top-k", type=positive(int), metavar="K", help="among the K likeliest; None: all")
    add("--top-p", type=positive(float, 1), default=1.0, metavar="P")
    add("--length", type=positive(int), default=LENGTH, help="characters")
    add("--seed", type=seed, default=SEED)
    add("--check", action="store_true", help="compare with Keras, without a cache")
    args = parser.parse_args(argv)
    if not args.prompt:
        fail("the prompt is empty: give the network a character to begin with.")
    folder = make_folder(args.outputs)
    model, settings, _ = load_run(args.run)
    how = {"temperature": args.temperature, "top_k": args.top_k, "top_p": args.top_p}
    alphabet, text = settings["alphabet"], ""
    encode(args.prompt, alphabet)  # says so before anything is written if a character is not known
    print(args.prompt, end="", flush=True)
    for character in write(model, alphabet, args.prompt, args.length, args.seed, **how):
        print(character, end="", flush=True)
        text += character
    print()
    results = {"prompt": args.prompt, "text": text}
    if args.check:
        results |= check(model, alphabet, args.prompt, text)
        print("logits differ by {difference:.1e} at most; seconds: {seconds}".format(**results))
    return save_results(results, folder, __file__, argv)


if __name__ == "__main__":
    main()
