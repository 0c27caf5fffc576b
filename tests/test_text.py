"""Text: pieces of words, spam, near copies; attention by hand, a small GPT, what it writes."""

import json
import shutil
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from conftest import ROOT

from utils.runs import load_results

PLAYS = (ROOT / "text" / "shakespeare.txt").read_text(encoding="utf-8")


# Pieces of words


@pytest.mark.parametrize(
    "text",
    ["", "To be, or not\tto be?\n\n", "naïve 👑 漢字", "half a letter: \udcc3", "  x ", "\r\n"],
)
def test_every_text_survives_byte_pair_encoding(load_script, text):
    bpe = load_script("text/bpe.py")
    encoder = bpe.Encoder(bpe.train(PLAYS[:20_000], 300))
    numbers = encoder.encode(text)
    assert encoder.decode(numbers) == text
    assert all(0 <= number < 300 for number in numbers)


def test_frequent_neighbours_become_one_piece(load_script):
    bpe = load_script("text/bpe.py")
    assert bpe.merge([b"a", b"a", b"a", b"b"], (b"a", b"a")) == [b"aa", b"a", b"b"]
    merges = bpe.train("low lower lowest low", 260)
    assert merges[:2] == [(b"o", b"w"), (b"l", b"ow")]
    assert bpe.Encoder(merges).cut("slow") == [b"s", b"low"]
    assert len(bpe.train("abcd", 300)) == 0  # no pair occurs twice
    assert bpe.train("ab ab", 300)[0] == (b"a", b"b")  # twice is enough
    few, many = (bpe.Encoder(bpe.train(PLAYS[:20_000], size)) for size in (300, 400))
    assert len(many.encode(PLAYS[20_000:22_000])) < len(few.encode(PLAYS[20_000:22_000]))


# Messages


@pytest.fixture
def messages(load_script):
    return load_script("text/messages.py")


def test_near_copies_are_on_one_side(messages):
    assert messages.skeleton("WIN £1000 now!!") == messages.skeleton("win £250, Now")
    some = messages.load_messages(most=1_000)
    assert some.classes == ["ham", "spam"]
    assert len(set(some.groups)) < len(some.texts) == 1_000
    folds = messages.split_by_group(some.labels, some.groups)
    np.testing.assert_array_equal(np.sort(np.concatenate([t for _, t in folds])), np.arange(1_000))
    for train, test in folds:
        assert set(some.groups[train]).isdisjoint(some.groups[test])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ham no tab\n" * 30, "line 1 .* is not a label, a tab and a text"),
        (b"ham\thello\n" * 30, "1 classes: two or more"),
        (b"ham\thello\n" * 30 + b"spam\tbuy\n", "only 1 different messages are"),
        (b"ham\t\xff\xfe\n" * 30, "not a text in UTF-8"),
        (None, "cannot read"),
    ],
)
def test_bad_files_of_messages_end_with_one_line(messages, tmp_path, content, said):
    if content is not None:
        (tmp_path / "mine.tsv").write_bytes(content)
    with pytest.raises(SystemExit, match=said):
        messages.load_messages(tmp_path / "mine.tsv")


def test_models_tell_three_classes_apart(run_main, tmp_path):
    """A file of one's own, with words that give the class away, and one class that is rare."""
    random, path = np.random.default_rng(1), tmp_path / "mine.tsv"
    words = {"fruit": "apple pear plum", "tools": "saw drill file", "birds": "owl wren rook"}
    rows = [
        f"{label}\t{' '.join(random.choice(words[label].split(), 4))} {number} things"
        for label, count in (("fruit", 60), ("tools", 50), ("birds", 30))
        for number in range(count)
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    names = ["words", "characters"]
    _, results = run_main("text/spam.py", "--data", path, "--models", *names)
    assert set(results["models"]) == set(names) and len(results["behind"]) == 1
    for one in results["models"].values():
        assert one["errors"] <= 2 and one["recall"] > 0.8


@pytest.mark.parametrize("name", ["averaged embeddings", "GRU", "transformer"])
def test_padding_does_not_count(load_script, name):
    classifiers = load_script("text/classifiers.py")
    model = classifiers.build_network(classifiers.NETWORKS[name], 2)
    numbers = np.zeros((2, classifiers.LONGEST), "int32")
    numbers[:, :3] = [[5, 6, 7], [7, 6, 5]]
    before = model.predict(numbers, verbose=0)
    embedding = next(one for one in model.layers if isinstance(one, keras.layers.Embedding))
    (vectors,) = embedding.get_weights()
    vectors[0] = 9
    embedding.set_weights([vectors])
    np.testing.assert_allclose(model.predict(numbers, verbose=0), before, atol=1e-5)
    vectors[6] = 9
    embedding.set_weights([vectors])
    assert np.abs(model.predict(numbers, verbose=0) - before).max() > 1e-4
    assert (np.abs(before[0] - before[1]).max() < 1e-6) == (name == "averaged embeddings")


def test_a_message_without_words_spoils_nothing(load_script):
    classifiers = load_script("text/classifiers.py")
    vectorizer = classifiers.make_vectorizer(["buy now", "see you"])
    numbers = classifiers.numbers_of(vectorizer, [":-)", "see you"])
    assert numbers[0].tolist() == [1] + [0] * (classifiers.LONGEST - 1)
    assert numbers[1, 0] > 1 < numbers[1, 1]
    model = classifiers.build_network(classifiers.averaged, 2)
    assert np.isfinite(keras.ops.convert_to_numpy(model(numbers))).all()


def test_a_word_left_out_shows_what_it_adds(load_script):
    ask = load_script("text/ask.py")

    def predict(texts):
        spam = 1 / (1 + np.exp(-np.array([3.0 * ("prize" in text) - 1 for text in texts])))
        return np.stack([1 - spam, spam], axis=1)

    probabilities, words = ask.explain(predict, "a big prize")
    assert probabilities.argmax() == 1
    assert [word for word, _ in words] == ["a", "big", "prize"]
    np.testing.assert_allclose([change for _, change in words], [0, 0, 3], atol=1e-6)


@pytest.mark.slow
def test_one_asks_about_a_message(run_main):
    _, results = run_main("text/ask.py", "Free entry! Text WIN to claim your prize")
    assert results["probabilities"]["spam"] > 0.9 and len(results["words"]) == 8
    with pytest.raises(SystemExit, match="empty"):
        run_main("text/ask.py", " ")


# Attention and the GPT


@pytest.mark.every_back_end
def test_attention_by_hand_equals_keras(run_main):
    _, results = run_main("text/gpt/attention.py")
    assert results["difference"] < 1e-5
    shares = np.array(results["shares"])
    np.testing.assert_allclose(shares.sum(axis=2), 1)
    assert (np.triu(shares[0], k=1) == 0).all()
    assert results["reordered"] < 1e-12 < 0.01 < results["reordered_with_places"]


@pytest.fixture
def gpt(load_script):
    return load_script("text/gpt/gpt.py")


@pytest.fixture
def tiny(gpt):
    """Return a GPT of one kind with the real one: two blocks, context 8, six tokens."""
    keras.utils.set_random_seed(3)
    model = gpt.build_gpt(6, context=8, width=16, heads=2, blocks=2)
    random = np.random.default_rng(3)
    model.set_weights([w + random.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


@pytest.mark.every_back_end
def test_the_network_has_the_parameters_of_the_text_and_sees_no_future(gpt, tiny):
    assert gpt.build_gpt(gpt.SYMBOLS).count_params() == 818_241
    tokens = np.array([[0, 1, 2, 3, 4, 5, 0, 1], [0, 1, 2, 3, 5, 5, 5, 5]])
    first, second = tiny.predict(tokens, verbose=0)
    np.testing.assert_allclose(first[:4], second[:4], atol=1e-5)
    assert np.abs(first[4:] - second[4:]).max() > 0.01


@pytest.mark.every_back_end
def test_the_cache_equals_keras_also_beyond_its_context(load_script, tiny):
    generate, cache = load_script("text/gpt/generate.py"), load_script("text/gpt/cache.py")
    starts = [cache.last_window(length, 8) for length in range(1, 18)]
    assert starts == [0] * 8 + [4] * 4 + [8] * 4 + [12]
    found = generate.check(tiny, "abcdef", "ab", "cdefabcdeffedcba")
    assert found["difference"] < 1e-4


def test_several_texts_are_written_at_once_as_one_by_one(load_script, tiny):
    write = load_script("text/gpt/generate.py").write
    (alone,) = {"".join(write(tiny, "abcdef", "ab", 12, temperature=0)) for _ in range(2)}
    several = list(write(tiny, "abcdef", "ab", 12, samples=3, temperature=0))
    assert ["".join(text) for text in zip(*several, strict=True)] == [alone] * 3
    first, second, _ = zip(*write(tiny, "abcdef", "ab", 12, samples=3), strict=True)
    assert first != second


def test_tokens_are_chosen_as_told(load_script):
    choose, random = load_script("text/gpt/generate.py").choose, np.random.default_rng(1)
    logits = np.log([0.1, 0.5, 0.3, 0.1])
    cold = [{"temperature": temperature} for temperature in (0, 1e-310, 0.01)]
    for how in (*cold, {"top_k": 1}, {"top_p": 0.4}):
        assert {choose(logits, random, **how) for _ in range(20)} == {1}
    for how in ({"top_k": 2}, {"top_p": 0.6}):
        assert {choose(logits, random, **how) for _ in range(50)} == {1, 2}
    drawn = np.bincount([choose(logits, random) for _ in range(3_000)]) / 3_000
    np.testing.assert_allclose(drawn, [0.1, 0.5, 0.3, 0.1], atol=0.04)


@pytest.mark.every_back_end
def test_each_token_is_scored_once(load_script, tiny):
    characters = load_script("text/gpt/characters.py")
    tokens = np.random.default_rng(1).integers(6, size=29)
    x, y = characters.windows(tokens, 8)
    np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
    losses = characters.token_losses(tiny, tokens)
    assert losses.shape == (28,)
    by_keras = tiny.predict(x[:1], verbose=0)[0].astype("float64")
    by_keras -= np.log(np.exp(by_keras).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(losses[:8], -by_keras[np.arange(8), y[0]], rtol=1e-4)
    # Of the second window, which begins at 4, only the second half counts.
    alone = characters.token_losses(tiny, tokens[4:13])
    np.testing.assert_allclose(losses[8:12], alone[4:], rtol=1e-4)
    last = characters.token_losses(tiny, tokens[-9:])
    np.testing.assert_allclose(losses[-4:], last[-4:], rtol=1e-4)


@pytest.fixture
def small_run(load_script, monkeypatch, tmp_path):
    """Return shakespeare.py for a network of one block, and a file of 12,000 characters."""
    module = load_script("text/gpt/shakespeare.py")
    for constant, value in {"BLOCKS": 1, "WIDTH": 16, "HEADS": 2, "REPORT": 2}.items():
        monkeypatch.setattr(module, constant, value)
    path = tmp_path / "plays.txt"
    path.write_text(PLAYS[:12_000], encoding="utf-8")
    return module, path


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not(small_run, tmp_path):
    module, path = small_run
    options = ["--data", str(path), "--steps", "4"]
    whole = module.main([*options, "--outputs", str(tmp_path / "whole")])
    assert len(whole["history"]["loss"]) == 2 and len(whole["sample"]) == 300
    parser = module.parse_arguments([*options, "--outputs", str(tmp_path / "stopped")])
    keras.utils.set_random_seed(parser.seed)
    model, text, settings, folder, history = module.start_run(parser)
    module.train(model, text, 2, settings["seed"], folder, history)
    resumed = module.main(["--resume", str(folder), "--outputs", str(tmp_path / "x")])
    np.testing.assert_allclose(resumed["history"]["val_loss"], whole["history"]["val_loss"])
    assert resumed["sample"] == whole["sample"]
    with pytest.raises(SystemExit, match="are done already"):
        module.main(["--resume", str(folder)])


@pytest.mark.parametrize("kept", [False, True])
def test_who_stops_a_training_is_told_what_is_kept(small_run, tmp_path, monkeypatch, capsys, kept):
    module, path = small_run

    def train(model, text, steps, seed, folder, history):
        if kept:
            (folder / "gpt_checkpoint.keras").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "train", train)
    with pytest.raises(SystemExit, match="130"):
        module.main(["--data", str(path), "--outputs", str(tmp_path / "run")])
    assert ("--resume" in capsys.readouterr().out) == kept


@pytest.mark.slow
def test_the_gpt_learns_and_all_that_follows_runs(small_run, load_script, tmp_path, monkeypatch):
    module, path = small_run
    monkeypatch.setattr(module, "REPORT", 60)
    quickly = partial(module.compile_gpt, learning_rate=0.01, warm_up=5)
    monkeypatch.setattr(module, "compile_gpt", quickly)
    run = str(tmp_path / "run")
    results = module.main(["--data", str(path), "--steps", "120", "--outputs", run])
    assert results["validation"]["mean"] < 3.0 < np.log(50)
    outputs = ["--outputs", str(tmp_path / "next")]
    written = load_script("text/gpt/generate.py").main([run, "--length", "80", "--check", *outputs])
    assert len(written["text"]) == 80 and written["difference"] < 1e-4
    heads = load_script("text/gpt/heads.py")
    monkeypatch.setattr(heads, "WINDOWS", 8)
    assert len(heads.main([run, *outputs])["best"]) == 4
    found = load_script("text/gpt/copies.py").main([run, "--length", "100", *outputs])
    assert found["n-grams of 9 characters"]["mean"] > found["network, temperature 1.0"]["mean"]
    compared = load_script("text/gpt/ngrams.py").main(["--run", run, "--order", "3", *outputs])
    assert compared["network"]["mean"] == pytest.approx(results["validation"]["mean"])
    tuning, build = load_script("text/gpt/fine_tuning.py"), module.build_gpt
    for script in (tuning, load_script("text/gpt/addition.py")):
        with pytest.raises(SystemExit, match="has other sizes"):
            script.main([run, *outputs])
    monkeypatch.setattr(tuning, "build_gpt", lambda symbols, c: build(symbols, c, 16, 2, 1))
    tuned = tuning.main([run, "--steps", "30", *outputs])
    before, everything, lora, anew = tuned["ways"].values()
    assert before["old"] == pytest.approx(results["validation"]["mean"], rel=1e-4)
    assert before["new"] > lora["new"] > everything["new"] and anew["old"] > before["old"]
    assert tuned["merged"] < 1e-4 and lora["trained"] == 8 * 2 * (16 + 64)
    addition = load_script("text/gpt/addition.py")
    monkeypatch.setattr(addition, "build_gpt", tuning.build_gpt)
    sums = str(tmp_path / "sums")
    two = ["--ways", "before", "all weights"]
    ways = addition.main([run, "--steps", "30", "--outputs", sums, *two])["ways"]
    assert ways["before"]["old"] == pytest.approx(before["old"])
    assert ways["before"]["old"] < ways["all weights"]["old"]
    added = load_script("text/gpt/generate.py").main([sums, "--prompt", "1+1=", *outputs])
    assert len(added["text"]) == 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "too few"),
        (b"short", "5 characters, too few"),
        (b"a" * 20_000, "one character only"),
        (b"\x00ab" * 9_000, "zero bytes"),
        (b"\xff\xfe" * 9_000, "not a text in UTF-8"),
        (None, "cannot read"),
    ],
)
def test_bad_texts_end_with_one_line(load_script, tmp_path, content, said):
    characters = load_script("text/gpt/characters.py")
    if content is not None:
        (tmp_path / "mine.txt").write_bytes(content)
    with pytest.raises(SystemExit, match=said):
        characters.load_text(tmp_path / "mine.txt")


def test_what_is_not_a_run_or_not_in_its_alphabet_ends_with_one_line(load_script, tmp_path):
    characters = load_script("text/gpt/characters.py")
    with pytest.raises(SystemExit, match="not a run"):
        characters.load_run(str(tmp_path))
    (tmp_path / "settings.json").write_text(json.dumps({"alphabet": "ab"}), encoding="utf-8")
    with pytest.raises(SystemExit, match="not a run"):
        characters.load_run(str(tmp_path))
    settings = {"alphabet": "ab", "data": "x", "steps": 1, "seed": 1}
    (tmp_path / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    shutil.copy(ROOT / "assets/models/conv_net.keras", tmp_path / "gpt_checkpoint.keras")
    with pytest.raises(SystemExit, match="not a language model"):
        characters.load_run(str(tmp_path))
    with pytest.raises(SystemExit, match="never seen 'é'"):
        characters.encode("aé", "ab")


def test_texts_that_share_most_of_their_words(load_script):
    count_similar = load_script("text/leak.py").count_similar
    texts = ["a b c d", "a b c d e", "a b c f g", "x y", "y z"]
    assert count_similar(texts) == 2  # the first two: four of five words


def test_ngrams_are_probabilities_and_longer_ones_know_more(load_script):
    ngrams = load_script("text/gpt/ngrams.py")
    alphabet = "".join(sorted(set(PLAYS)))
    model = ngrams.NGrams(4, PLAYS[:30_000], alphabet)
    for context in ("", "t", "the", "xqz"):
        rows = np.array([model.probabilities(character, context) for character in alphabet])
        np.testing.assert_allclose(rows.sum(axis=0), 1)
    losses = model.losses(PLAYS[30_000:32_000]).mean(axis=1)
    assert np.log(len(alphabet)) > losses[0] > losses[1] > losses[2] > losses[3] > 1
    assert len(model.write(3, 20, np.random.default_rng(1))) == 20


def test_runs_that_are_copied_are_the_longest(load_script):
    copies, learned = load_script("text/gpt/copies.py"), "to be or not to be"
    text = "not to bed or no"
    by_brute_force = [
        max(n for n in range(len(text) - i + 1) if text[i : i + n] in learned)
        for i in range(len(text))
    ]
    assert copies.longest_runs(text, learned) == by_brute_force
    assert copies.describe([text], learned)["example"] == "not to be"


def test_heads_are_found_by_what_they_look_at(load_script):
    heads, text = load_script("text/gpt/heads.py"), "ab\nabab\nba"
    where = heads.patterns(text)
    assert where["the beginning of the line"][6].nonzero()[0].tolist() == [2]
    assert where["what followed the same character"][4].nonzero()[0].tolist() == [2]
    previous = np.eye(len(text), k=-1)
    previous[0, 0] = 1
    even = np.tril(np.ones((len(text), len(text))))
    even /= even.sum(axis=1, keepdims=True)
    found = heads.scores(np.array([[even, previous]]), [text])
    assert all(times[0] == pytest.approx(1) for _, times in found.values())
    share, times = found["the character before"]
    assert share[1] == pytest.approx(1) and times.argmax() == 1


@pytest.mark.every_back_end
def test_lora_trains_little_and_can_be_merged(load_script, tiny, monkeypatch):
    script = load_script("text/gpt/fine_tuning.py")
    tokens = np.random.default_rng(1).integers(6, size=(4, 8))
    before = keras.ops.convert_to_numpy(tiny(tokens))
    script.enable_lora(tiny, 2)
    # Two blocks with two kernels of 16 x 64 each, beside them 16 x 2 and 2 x 64.
    assert sum(np.prod(w.shape) for w in tiny.trainable_weights) == 2 * 2 * (16 * 2 + 2 * 64)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(tiny(tokens)), before, atol=1e-5)
    for weight in tiny.trainable_weights:
        weight.assign(np.random.default_rng(2).normal(0, 0.3, weight.shape))
    build = script.build_gpt
    monkeypatch.setattr(script, "build_gpt", lambda *sizes: build(*sizes, 16, 2, 2))
    after = keras.ops.convert_to_numpy(tiny(tokens))
    assert np.abs(after - before).max() > 0.1
    merged = script.merge_lora(tiny).predict(tokens, verbose=0)
    np.testing.assert_allclose(merged, after, atol=1e-4)


def test_a_network_gets_new_characters_and_keeps_what_it_knows(load_script, gpt, tiny, monkeypatch):
    script = load_script("text/gpt/addition.py")
    monkeypatch.setattr(script, "build_gpt", lambda symbols, c: gpt.build_gpt(symbols, c, 16, 2, 2))
    tokens = np.random.default_rng(1).integers(6, size=(4, 8))
    more = script.extend(tiny, 9)
    logits = more.predict(tokens, verbose=0)
    assert logits.shape == (4, 8, 9)
    np.testing.assert_allclose(logits[:, :, :6], tiny.predict(tokens, verbose=0), atol=1e-5)
    assert np.ptp(more.predict(tokens + 3, verbose=0)) > 0.1
    characters = load_script("text/gpt/characters.py")
    some = characters.token_losses(tiny, tokens.ravel())
    np.testing.assert_allclose(characters.token_losses(more, tokens.ravel(), 6), some, rtol=1e-4)


def test_sums_are_right_only_if_all_their_digits_are(load_script):
    script = load_script("text/gpt/addition.py")
    learned, held_out = script.make_sums(1)
    known, unseen = set(learned), set(held_out)
    assert known.isdisjoint(unseen) and len(known | unseen) == 90 * 90
    for line in [*held_out, *learned[:50]]:
        a, b, total = int(line[:2]), int(line[3:5]), int(line[8:5:-1])
        assert line[2] + line[5] + line[9:] == "+=\n" and a + b == total
        assert f"{b}+{a}{line[5:]}" in (unseen if line in unseen else known)
    assert any("12+34=046\n" in part for part in script.make_sums(1, forwards=True))

    class Adds:
        """Says the true next character, but for a last digit of 7."""

        input_shape = (None, 12)

        def predict(self, tokens, **_):
            shifted = np.roll(tokens, -1, axis=1)
            shifted[:, script.LENGTH - 2] = alphabet.index("\n")  # which is not shown to it
            said = np.where(shifted == alphabet.index("7"), 0, shifted)
            return np.eye(len(alphabet))[said]

    alphabet = "\n0123456789+="
    encode = load_script("text/gpt/characters.py").encode
    text = ["12+34=640\n", "12+35=740\n", "70+12=280\n", "99+99=891\n"]
    assert script.share_right(Adds(), np.array([encode(line, alphabet) for line in text])) == 0.75


def test_a_sum_must_fit_into_what_a_network_sees(load_script, tmp_path, monkeypatch):
    script = load_script("text/gpt/addition.py")
    short = SimpleNamespace(input_shape=(None, 8))
    monkeypatch.setattr(script, "load_first", lambda run: (short, {}))
    with pytest.raises(SystemExit, match="sees 8 at once"):
        script.main(["RUN", "--outputs", str(tmp_path)])


@pytest.mark.parametrize("text", ["é" * 9_000 + "a" * 2_000, "a" * 9_000 + "é" * 2_000])
def test_a_text_must_be_known_in_both_its_parts(load_script, tmp_path, text):
    (tmp_path / "mine.txt").write_text(text + "b", encoding="utf-8")
    with pytest.raises(SystemExit, match="too many characters are new"):
        load_script("text/gpt/fine_tuning.py").read_texts(tmp_path / "mine.txt", "ab", 1)


def test_only_the_answers_of_the_sums_count(load_script):
    script = load_script("text/gpt/addition.py")
    alphabet, lines = "\n0123456789+=", ["12+34=640\n", "99+99=891\n"]
    encode = load_script("text/gpt/characters.py").encode
    tokens = np.array([encode(line, alphabet) for line in lines])
    x, y, counts = next(script.batches(tokens, 25, 1))
    assert x.shape == y.shape == counts.shape and (x[:, 1:] == y[:, :-1]).all()
    for row, counted in zip(y, counts, strict=True):
        said = "".join(alphabet[token] for token in row[counted == 1])
        assert said[:4] in {"640\n", "891\n"} and said[4:8] in {"640\n", "891\n"} and len(said) == 8
    assert next(script.batches(tokens, 25, 1, whole_lines=True))[2].all()


def test_variants_differ_in_what_they_say(load_script):
    """One thing each: as many weights as that takes, and the same text otherwise."""
    variants = load_script("text/gpt/variants.py")
    names = ("base", "one_head", "no_positions", "tied", "gru")
    weights = {name: variants.build(65, **variants.VARIANTS[name]).count_params() for name in names}
    base = weights["base"]
    assert weights["one_head"] == base
    assert base - weights["no_positions"] == 64 * 128
    assert base - weights["tied"] == 128 * 65 + 65
    assert weights["gru"] == pytest.approx(base, rel=0.01)
    characters = load_script("text/gpt/characters.py")
    tokens = characters.encode(PLAYS[:6_000], alphabet := "".join(sorted(set(PLAYS[:6_000]))))
    text = characters.Text(alphabet, tokens[:5_000], tokens[5_000:])
    assert len(variants.prepare(text, half=True)[0].train) == 2_500
    cut, lengths = variants.prepare(text, pieces=300)
    assert lengths.sum() == 1_000 > len(lengths) == len(cut.validation)
    assert b"".join(cut.alphabet[t] for t in cut.validation).decode() == PLAYS[5_000:6_000]


@pytest.mark.every_back_end
def test_tied_weights_learn_from_both_ends(load_script, gpt):
    variants = load_script("text/gpt/variants.py")
    model = variants.build(6, tied=True, context=8, width=16, heads=2, blocks=1)
    embedding = model.get_layer("embedding")
    tokens = np.random.default_rng(1).integers(6, size=(4, 8))
    model.compile("sgd", loss=gpt.next_token_loss())
    before = model.evaluate(tokens, tokens, verbose=0)
    vectors = embedding.get_weights()[0]
    model.fit(tokens, tokens, epochs=5, verbose=0)
    assert model.evaluate(tokens, tokens, verbose=0) < before
    assert np.abs(embedding.get_weights()[0] - vectors).max() > 0
    normal = keras.Model(model.inputs, model.get_layer("normal").output)
    by_hand = normal.predict(tokens, verbose=0) @ embedding.get_weights()[0].T
    np.testing.assert_allclose(model.predict(tokens, verbose=0), by_hand, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"gru": True}, {"pieces": 300, "warm_up": 0, "tied": True}])
def test_variants_are_trained_and_scored_by_the_character(load_script, gpt, monkeypatch, options):
    variants = load_script("text/gpt/variants.py")
    for constant, value in {"CONTEXT": 8, "UNITS": 8, "TIMED": 1}.items():
        monkeypatch.setattr(variants, constant, value)
    monkeypatch.setattr(variants, "build_gpt", lambda symbols: gpt.build_gpt(symbols, 8, 16, 2, 1))
    alphabet = "".join(sorted(set(PLAYS[:6_000])))
    tokens = load_script("text/gpt/characters.py").encode(PLAYS[:6_000], alphabet)
    text = variants.Text(alphabet, tokens[:5_000], tokens[5_000:])
    one, losses = variants.train(text, 40, 1, **options)
    assert one["mean"] == pytest.approx(losses.mean()) and 2 < one["mean"] < 4.5
    assert 990 <= len(losses) < 1_000  # all characters but those of the first token
    assert one["steps"] == 40 or "gru" in options


def test_a_comparison_of_variants_goes_on_and_draws_its_line(load_script, tmp_path, monkeypatch):
    script, asked = load_script("text/gpt/what_matters.py"), []

    def train(text, steps, seed, **options):
        asked.append(options)
        loss = 2 * (options.get("width", 128) / 128) ** -0.1 + 0.01 * seed
        one = {"parameters": options.get("width", 128) ** 2, "steps": steps, "mean": loss}
        return one, np.full(2_000, loss)

    monkeypatch.setattr(script, "train", train)
    options = ["--steps", "3", "--outputs", str(tmp_path)]
    script.main(["--variants", "width_64", *options])
    assert len(asked) == 4
    results = script.main(["--variants", "width_64", "width_256", *options])
    assert len(asked) == 6, "what was done is not done again"
    found = results["scaling"]
    assert found["predicted"] == pytest.approx(found["found"], rel=1e-3)
    assert found["power"] == pytest.approx(-0.05, abs=1e-3)
    above = results["variants"]["width_64"]["above_base"]
    assert all(one["mean"] > 0.1 and one["low"] == pytest.approx(one["mean"]) for one in above)
    assert (tmp_path / "scaling.png").is_file()


def test_seconds_beside_nanogpt_are_those_of_the_steps_alone(load_script, tmp_path, monkeypatch):
    script, commands = load_script("book/timings/beside_nanogpt.py"), []
    printed = (
        "step 0: train loss 4.20, val loss 4.21\niter 0: loss 4.2, time 9000.0ms, mfu -1%\n"
        "iter 1: loss 3.0, time 30.00ms, mfu 1%\niter 2: loss 2.9, time 50.00ms, mfu 1%\n"
        "step 3: train loss 2.20, val loss 2.25\niter 3: loss 2.2, time 8000.0ms, mfu 1%\n"
    )

    def run(command, cwd):
        commands.append([str(word) for word in command])
        return printed

    ours = {"variants": {"base": {"seeds": [{"mean": 2.2, "seconds": 0.24}]}}}
    monkeypatch.setattr(script, "run", run)
    monkeypatch.setattr(script.json, "loads", lambda _: ours)
    (tmp_path / "ours_1").mkdir()
    (tmp_path / "ours_1" / "results.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SystemExit, match="not a checkout of nanoGPT"):
        script.main([str(tmp_path), "python", "--outputs", str(tmp_path)])
    data = tmp_path / "data" / "shakespeare_char"
    data.mkdir(parents=True)
    (data / "prepare.py").touch()
    options = ["--steps", "3", "--rounds", "1", "--outputs", str(tmp_path)]
    results = script.main([str(tmp_path), "python", *options])
    assert results["nanogpt"] == {"loss": 2.25, "seconds_a_step": pytest.approx(0.04)}
    assert results["ours"] == {"loss": 2.2, "seconds_a_step": pytest.approx(0.08)}
    assert results["ratio"] == pytest.approx(2)
    assert (data / "input.txt").read_text(encoding="utf-8") == PLAYS
    assert any("--max_iters=3" in command for command in commands)


# The page


@pytest.fixture
def tiny_run(tiny, tmp_path):
    """Return the folder of a run with the tiny GPT, which knows the letters from a to f."""
    folder = tmp_path / "run"
    folder.mkdir()
    settings = {"data": "x", "alphabet": "abcdef", "steps": 1, "seed": 1}
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    tiny.save(folder / "gpt_checkpoint.keras")
    return folder


def test_the_page_gets_one_character_at_a_time(load_script, tiny_run):
    script = load_script("text/live/write_along.py")
    client = script.create_app(str(tiny_run)).test_client()
    assert b"Write along" in client.get("/").data
    for path in ("/write/write.js", "/write/write.css", "/static/style.css"):
        assert client.get(path).status_code == 200
    for temperature in (0, 0.5, 1):
        for text in ("a", "abcdefabcdef"):
            question = {"text": text, "temperature": temperature}
            response = client.post("/next", json=question)
            answer = response.get_json()
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            likeliest = answer["likeliest"]
            assert answer["character"] in {one["character"] for one in likeliest} == set("abcdef")
            assert sum(one["probability"] for one in likeliest) == pytest.approx(1)
            if temperature == 0:
                assert likeliest[0] == {"character": answer["character"], "probability": 1}


def test_bad_questions_get_one_sentence(load_script, tiny_run):
    client = load_script("text/live/write_along.py").create_app(str(tiny_run)).test_client()
    for question, status, said in (
        ("{", 400, "not valid JSON"),
        ({"text": "a"}, 422, "an object with text and temperature"),
        ({"text": "", "temperature": 1}, 422, "from 1 to 2,000"),
        ({"text": "a" * 2_001, "temperature": 1}, 422, "from 1 to 2,000"),
        ({"text": "a" * 99_999, "temperature": 1}, 413, ""),
        ({"text": ["a"], "temperature": 1}, 422, "from 1 to 2,000"),
        ({"text": "aé\ud800", "temperature": 1}, 422, r"never seen '\xe9', '\ud800'"),
        ({"text": "a", "temperature": True}, 422, "from 0 to 5"),
        ({"text": "a", "temperature": -1}, 422, "from 0 to 5"),
        ({"text": "a", "temperature": float("nan")}, 422, "from 0 to 5"),
    ):
        data = question if isinstance(question, str) else json.dumps(question)
        response = client.post("/next", data=data, content_type="application/json")
        assert response.status_code == status, question
        assert said in response.get_json()["error"]["message"]
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421


# What the text says of the results


def test_no_word_of_the_map_covers_another(load_script, monkeypatch):
    script, drawn = load_script("text/embeddings.py"), []
    monkeypatch.setattr(script, "save_figure", lambda figure, path: drawn.append(figure.axes[0]))
    vectors = {"free": [0, 0], "prize": [0.001, 0], "lunch": [2, 0], "mum": [1, 1], "is": [1, 0]}
    leaning = {"free": 0.2, "prize": 0.1, "lunch": -0.1, "mum": -0.1, "is": -0.2}
    script.draw(vectors, leaning, script.PCA(2).fit(list(vectors.values())), None)
    assert [text.get_text() for text in drawn[0].texts] == ["free", "lunch", "mum"]
    (point,) = drawn[0].lines
    assert point.get_marker() == "s", "of prize, a word of spam"
    script.plt.close(drawn[0].figure)


def test_embeddings_know_spam_and_little_else():
    found = load_results("text_embeddings")
    assert found["first_direction"] > 0.9 and found["correlation"] > 0.6
    near = {word: {other for other, _ in pairs} for word, pairs in found["neighbours"].items()}
    assert {"txt", "prize"} <= near["free"] | near["call"]
    assert not near["free"] & near["tomorrow"]
