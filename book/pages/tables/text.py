"""The tables of the chapter on text and of its part, the small GPT."""

from book.pages.tables.common import (
    entries,
    load_results,
    markdown,
    p_value,
    percent,
    table,
    with_interval,
)


@table
def text_pieces():
    return markdown(
        ["tokens in the vocabulary", "pieces per word", "characters per piece", "words unknown"],
        *[
            [
                f"{one['size']:,}",
                f"{one['pieces_per_word']:.2f}",
                f"{one['characters_per_piece']:.2f}",
                percent(one["unknown"], 1),
            ]
            for one in load_results("text_pieces")["sizes"]
        ],
    )


@table
def spam_leak():
    results = load_results("spam_leak")
    rows = {"at_random": "drawn at random", "together": "near copies together"}
    models = {"words": "words", "characters": "characters"}
    return markdown(
        ["errors, each seed", *models.values()],
        *[
            [label, *[", ".join(map(str, results[way][name]["errors"])) for name in models]]
            for way, label in rows.items()
        ],
    )


@table
def spam():
    results = load_results("spam")
    return markdown(
        ["model", "errors", "precision", "recall", "seconds"],
        *[
            [name, one["errors"], percent(one["precision"], 1), percent(one["recall"], 1)]
            + [f"{one['seconds']:.0f}"]
            for name, one in sorted(results["models"].items(), key=lambda pair: pair[1]["errors"])
        ],
    )


@table
def spam_behind():
    return markdown(
        [
            "fewer messages read rightly than with characters",
            "points",
            "95 % interval",
            "Holm's p",
        ],
        *[
            [
                name,
                f"{-100 * one['mean']:.2f}",
                f"{-100 * one['high']:.2f} to {-100 * one['low']:.2f}",
                p_value(one["holm"]),
            ]
            for name, one in sorted(
                load_results("spam")["behind"].items(), key=lambda pair: -pair[1]["mean"]
            )
        ],
    )


@table
def text_neighbours():
    return markdown(
        ["word", "nearest words"],
        *[
            [f"*{word}*", ", ".join(f"{other} {cosine:.2f}" for other, cosine in near)]
            for word, near in load_results("text_embeddings")["neighbours"].items()
        ],
    ).replace("---:", "---")


@table
def ngrams():
    results = load_results("ngrams")
    rows = [[f"n-grams of {i}", one] for i, one in enumerate(results["orders"], 1)]
    rows[0][0] = "how often each character occurs"
    rows.append(["the network", results["network"]])
    return markdown(
        ["model", "nats per character", "95 % interval", "bits per character"],
        *[
            [name, f"{one['mean']:.3f}", f"{one['low']:.3f} to {one['high']:.3f}"]
            + [f"{one['bits']:.3f}"]
            for name, one in rows
        ],
    )


@table
def ngram_samples():
    samples = dict(enumerate(load_results("ngrams")["samples"], 1))
    rows = [[f"n-grams of {order}", samples[order]] for order in (2, 3, 5, 7)]
    rows.append(["the network", load_results("shakespeare")["sample"][:60]])
    rows = [[name, text.strip().replace("\n", " / ")] for name, text in rows]
    return markdown(["model", "60 characters"], *rows).replace("---:", "---")


@table
def gpt_history():
    history = load_results("shakespeare")["history"]
    steps = load_results("shakespeare")["steps"] // len(history["epoch"])
    return markdown(
        ["steps", *[f"{steps * int(epoch):,}" for epoch in history["epoch"]]],
        ["loss while training", *[f"{loss:.2f}" for loss in history["loss"]]],
        ["validation", *[f"{loss:.2f}" for loss in history["val_loss"]]],
    )


@table
def gpt_samples():
    rows = []
    for run in ("gpt_greedy", "gpt_write", "gpt_hot", "gpt_top_k", "gpt_top_p"):
        results = load_results(run)
        options = " ".join(results["provenance"]["command"].split()[3:])
        options = options.replace("--check", "") or "--temperature 0.8"  # which is the default
        text = results["text"][:110].replace("\n", " / ").replace("|", "\\|")
        rows.append([f"`{options}`", text])
    return markdown(["options", "text"], *rows).replace("---:", "---")


@table
def gpt_heads():
    return markdown(
        ["looks at", "block", "head", "share of its attention", "times the usual share"],
        *[
            [name, one["block"], one["head"], percent(one["share"], 0), f"{one['score']:.1f}"]
            for name, one in load_results("gpt_heads")["best"].items()
        ],
    )


@table
def gpt_copies():
    return markdown(
        ["text", "mean run", "longest run"],
        *[
            [name, f"{one['mean']:.1f}", one["longest"]]
            for name, one in entries("gpt_copies").items()
        ],
    )


@table
def gpt_fine_tuning():
    return markdown(
        ["training", "weights trained", "nats on Shakespeare", "nats on messages"],
        *[
            [way, f"{one['trained']:,}", f"{one['old']:.2f}", f"{one['new']:.2f}"]
            for way, one in load_results("gpt_fine_tuning")["ways"].items()
        ],
    )


CHANGED = {  # of text/gpt/variants.py
    "base": "nothing",
    "no_positions": "no positions",
    "one_head": "one head in place of four",
    "one_layer": "one block in place of four",
    "half_the_text": "the first half of the text only",
    "double_steps": "2,000 steps",
    "no_warm_up": "the learning rate does not rise first",
    "higher_rate": "a learning rate of 0.003 in place of 0.001",
    "tied": "the output shares its weights with the embedding",
    "width_64": "64 numbers for each token in place of 128",
    "width_256": "256 numbers",
    "bpe": "512 pieces of words in place of characters",
    "gru": "a GRU in place of the blocks, for as many seconds",
    "gru_higher_rate": "the GRU, with a learning rate of 0.003",
}


@table
def gpt_variants():
    rows = []
    for name, one in load_results("gpt_variants")["variants"].items():
        first, _ = one["seeds"]
        above = [with_interval(pair, "{:+.3f}") for pair in one.get("above_base", ())]
        rows.append([CHANGED[name], f"{first['parameters']:,}", f"{one['mean']:.3f}"])
        rows[-1] += [*above] or ["", ""]
    return markdown(
        ["what is changed", "weights", "nats, mean of both seeds"]
        + ["nats above the first row, seed 1", "seed 2"],
        *rows,
    )


@table
def gpt_sums():
    return markdown(
        ["training", "weights trained", "sums right", "nats on Shakespeare"],
        *[
            [way, f"{one['trained']:,}", percent(one["right"], 1), f"{one['old']:.2f}"]
            for way, one in load_results("gpt_sums")["ways"].items()
        ],
    )


@table
def gpt_long():
    runs = {"64 characters, 2,000 steps": load_results("shakespeare")}
    runs["128 characters, 10,000 steps"] = load_results("shakespeare_long")
    return markdown(
        ["network", "nats per character (95 %)", "bits", "on learned text, nats"],
        *[
            [name, with_interval(one["validation"], "{:.3f}"), f"{one['validation']['bits']:.2f}"]
            + [f"{one['train']['mean']:.3f}"]
            for name, one in runs.items()
        ],
    )
