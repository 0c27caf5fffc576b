"""Text: pieces of words, spam, near copies; attention by hand, a small GPT, what it writes."""

import json
import shutil
from functools import partial
from itertools import islice
from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pytest
from conftest import ROOT, failure
from sklearn.metrics import log_loss

from utils.runs import file_sha256, load_results

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


@pytest.mark.parametrize("content", [b"na\xefve " * 200, b"a\x00b \xff\xfe" * 200])
def test_pieces_are_learned_from_any_bytes_in_one_line(run_main, tmp_path, content):
    (tmp_path / "mine.txt").write_bytes(content)
    _, results = run_main("text/pieces.py", "--data", tmp_path / "mine.txt", "--sizes", 256)
    assert results["sizes"][0]["unknown"] < 0.1


def test_pieces_are_learned_from_one_part_and_counted_in_the_other(load_script, tmp_path):
    script, text = load_script("text/pieces.py"), PLAYS[:10_000]
    (tmp_path / "plays.txt").write_text(text, encoding="utf-8")
    script.bpe.train, script.unknown_words = Mock(return_value=[]), Mock(return_value=0.5)
    options = ["--data", str(tmp_path / "plays.txt"), "--outputs", str(tmp_path)]
    results = script.main([*options, "--sizes", "256"])
    learned, unseen, _ = script.unknown_words.call_args.args
    assert script.bpe.train.call_args.args[0] == learned and learned + unseen == text
    assert 9_000 - 100 < len(learned) <= 9_000
    assert results["sizes"][0]["pieces_per_word"] == len(unseen) / len(unseen.split())
    for bad in (" " * 9_000 + "a " * 150, "a " * 150 + " " * 9_000, "a " * 50):
        (tmp_path / "plays.txt").write_text(bad, encoding="utf-8")
        assert "needs 100 words or more" in failure(script.main, options)


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


# Which messages learn, which tell when to stop, and which are asked about


@pytest.fixture
def numbered(messages):
    """Return the first 400 messages, with their numbers as texts."""
    some = messages.load_messages(most=400)
    return some._replace(texts=np.array([str(number) for number in range(400)], dtype=object))


def check_apart(some, *parts):
    """Check that parts of messages, given by their texts, are all of them and share no copies."""
    numbers = [set(part.astype(int)) for part in parts]
    groups = [set(some.groups[list(part)]) for part in numbers]
    for sets, count in ((numbers, len(some.texts)), (groups, len(set(some.groups)))):
        assert sum(map(len, sets)) == len(set.union(*sets)) == count


def check_fit(some, call):
    """Check that fit got labels with its texts, and few to stop by; return these texts."""
    _, learn, labels, stop, stop_labels, _ = call.args
    np.testing.assert_array_equal(labels, some.labels[learn.astype(int)])
    np.testing.assert_array_equal(stop_labels, some.labels[stop.astype(int)])
    assert len(learn) > 6 * len(stop) > 0
    return learn, stop


def test_held_out_messages_are_only_asked_about(load_script, numbered, tmp_path):
    spam = load_script("text/spam.py")
    predict = Mock(side_effect=lambda texts: np.eye(2)[numbered.labels[texts.astype(int)]])
    spam.fit, spam.load_messages = Mock(return_value=predict), lambda *_: numbered
    results = spam.main(["--models", "words", "GRU", "--outputs", str(tmp_path)])
    assert [one["errors"] for one in results["models"].values()] == [0, 0]
    assert spam.fit.call_count == 10
    for call, question in zip(spam.fit.call_args_list, predict.call_args_list, strict=True):
        learn, stop = check_fit(numbered, call)
        check_apart(numbered, learn, stop, *question.args)
        assert len(learn) > 2 * len(question.args[0])


def test_names_of_classes_cannot_command_a_terminal(load_script, numbered, tmp_path, capsys):
    named = numbered._replace(classes=["ham", "\x1b[2Jspam"])
    for name, options in (("spam", ["--models", "words"]), ("ask", ["\x1b[2J"])):
        script = load_script(f"text/{name}.py")
        script.fit = Mock(return_value=lambda texts: np.tile([0.1, 0.9], (len(texts), 1)))
        script.load_messages = lambda *_: named
        script.main([*options, "--outputs", str(tmp_path)])
        said = capsys.readouterr().out
        assert "?[2Jspam" in said and "\x1b" not in said


def test_who_is_asked_about_a_message_learned_from_all_others(load_script, numbered):
    ask = load_script("text/ask.py")
    ask.fit = Mock()
    ask.fit_on_all("words", numbered, 1)
    check_apart(numbered, *check_fit(numbered, ask.fit.call_args))


def test_only_with_the_leak_copies_are_on_both_sides(load_script, tmp_path):
    leak = load_script("text/leak.py")
    leak.held_out = Mock(side_effect=lambda name, messages, folds, seed: (messages.labels, 0))
    leak.main(["--messages", "1000", "--seeds", "1", "--outputs", str(tmp_path)])
    for number, call in enumerate(leak.held_out.call_args_list):  # two models at random, and two
        _, some, folds, _ = call.args
        for train, test in folds:
            assert sorted([*train, *test]) == list(range(1_000))
            shared = set(some.groups[train]) & set(some.groups[test])
            assert bool(shared) == (number < 2)


def test_the_messages_to_stop_by_choose_a_regression_and_teach_nothing(load_script, messages):
    classifiers, some = load_script("text/classifiers.py"), messages.load_messages(most=300)
    learn, stop = slice(100), slice(100, None)
    parts = some.texts[learn], some.labels[learn], some.texts[stop], some.labels[stop]
    made = [classifiers.counted_words() for _ in range(4)]
    predict = classifiers.fit_regression(lambda: made[0], *parts)
    assert set(made[0].vocabulary_) == set(made[1].fit(parts[0]).vocabulary_)
    losses, strengths = [], classifiers.STRENGTHS
    for strength in strengths:
        classifiers.STRENGTHS = [strength]
        alone = classifiers.fit_regression(classifiers.counted_words, *parts)
        losses.append(log_loss(parts[3], alone(parts[2])))
    assert losses[1] < min(losses[0], losses[2])  # so neither end can be right by chance
    assert log_loss(parts[3], predict(parts[2])) == losses[1]


def test_the_messages_to_stop_by_stop_a_network_and_teach_nothing(load_script, monkeypatch):
    classifiers, fit = load_script("text/classifiers.py"), Mock()
    monkeypatch.setattr(keras.Model, "fit", fit)
    learn, stop = np.array(["a prize for you", "see you"]), np.array(["unheard words", "mum"])
    classifiers.fit_network(classifiers.averaged, learn, np.array([1, 0]), stop, np.array([0, 1]))
    (x, y), (x_stop, y_stop) = fit.call_args.args, fit.call_args.kwargs["validation_data"]
    assert (x[:, :2] > 1).all() and (x_stop <= 1).all()  # 1 stands for words never learned
    assert (y.tolist(), y_stop.tolist()) == ([1, 0], [0, 1])
    (early,) = fit.call_args.kwargs["callbacks"]
    assert early.monitor == "val_loss" and early.restore_best_weights


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
    assert found["difference"] < 1e-4 and found["ratios"][0] > 0
    tokens = np.random.default_rng(1).integers(6, size=(2, 20))
    ways = [cache.numpy_logits(tiny), cache.numpy_logits(tiny, cached=False)]
    for end in (3, 4, 8, 9, 20):
        np.testing.assert_allclose(*(way(tokens[:, :end]) for way in ways), atol=1e-4)


def test_a_network_that_sees_one_character_can_write(load_script, gpt):
    write = load_script("text/gpt/generate.py").write
    assert len(list(write(gpt.build_gpt(6, 1, 16, 2, 1), "abcdef", "ab", 5))) == 5


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


# Which part of a text learns, and which validates


@pytest.fixture
def counted(load_script):
    """Return a Text in which each token is its place: 0 to 899 learn, 900 to 999 validate."""
    places = np.arange(1_000)
    return load_script("text/gpt/characters.py").Text("abcdef", places[:900], places[900:])


def test_the_last_tenth_of_a_text_validates(load_script, tmp_path):
    characters = load_script("text/gpt/characters.py")
    (tmp_path / "plays.txt").write_text(PLAYS[:12_000], encoding="utf-8")
    text = characters.load_text(tmp_path / "plays.txt")
    parts = ["".join(text.alphabet[token] for token in part) for part in text[1:]]
    assert parts == [PLAYS[:10_800], PLAYS[10_800:12_000]]


def test_a_gpt_learns_what_comes_next_and_goes_on_with_other_windows(small_run, counted, tmp_path):
    module, _ = small_run
    fits = {}
    for done in ({}, {"epoch": [1]}):  # and so two steps are done
        model = Mock(input_shape=(None, 8))
        module.train(model, counted, 8, 1, tmp_path, dict(done))
        (rows,), how = model.fit.call_args.args, model.fit.call_args.kwargs
        steps = how["steps_per_epoch"] * (how["epochs"] - how["initial_epoch"])
        fits[len(done)] = np.array(list(islice(rows, steps)))
        x, y = how["validation_data"]
        assert (y == x + 1).all() and {*x.flat, *y.flat} == set(range(900, 1_000))
    x, y = fits[0].swapaxes(0, 1)
    assert x.shape == (8, module.BATCH_SIZE, 8) and (y == x + 1).all() and y.max() < 900
    np.testing.assert_array_equal(fits[1], fits[0][2:])
    assert not (fits[0][0] == fits[0][1]).all()


def test_a_gpt_is_measured_on_the_last_tenth(small_run, counted):
    module, _ = small_run
    module.token_losses = Mock(side_effect=lambda model, tokens: np.full(99, tokens.mean()))
    module.write = lambda *_, **__: "abc"
    found = module.measure(Mock(), counted, {"seed": 1, "steps": 8})
    assert found["validation"]["mean"] == np.arange(900, 1_000).mean()
    assert found["train"]["mean"] == np.arange(100).mean()


def test_weights_decay_where_no_gradient_holds_them(small_run, tiny):
    module, _ = small_run
    module.compile_gpt(tiny, 10, warm_up=0)
    before = tiny.get_weights()
    tiny.optimizer.apply([np.zeros_like(w) for w in before], tiny.trainable_variables)
    for new, old in zip(tiny.get_weights(), before, strict=True):
        np.testing.assert_allclose(new / old, 1 - 0.1 * module.LEARNING_RATE, atol=2e-6)


def test_ngrams_count_in_one_part_and_predict_the_other(load_script, tiny_run, tmp_path, capsys):
    module, text = load_script("text/gpt/ngrams.py"), (tmp_path / "text.txt").read_text()
    module.NGrams, module.draw = Mock(), Mock()
    module.NGrams.return_value.losses.return_value = np.ones((7, 99))
    module.NGrams.return_value.write.return_value = "\x1b[2J"
    module.token_losses = Mock(return_value=np.ones(99))
    for options in (["--run", str(tiny_run)], ["--data", str(tmp_path / "text.txt")]):
        module.main([*options, "--outputs", str(tmp_path)])
        assert module.NGrams.call_args.args[1] == text[:10_800]
        assert module.NGrams.return_value.losses.call_args.args == (text[10_800:],)
    assert "?[2J" in (said := capsys.readouterr().out) and "\x1b" not in said
    tokens = module.token_losses.call_args.args[1]
    assert "".join("abcdef"[token] for token in tokens) == text[10_800:]


def test_copies_are_looked_for_in_what_was_learned(load_script, tiny_run, tmp_path):
    module, text = load_script("text/gpt/copies.py"), (tmp_path / "text.txt").read_text()
    module.NGrams, module.write = Mock(), Mock(return_value=["abcde", "fabcd"])
    module.describe = Mock(return_value={"mean": 1, "longest": 1, "example": "a"})
    module.main([str(tiny_run), "--length", "100", "--outputs", str(tmp_path)])
    assert module.NGrams.call_args.args[1] == text[:10_800]
    assert {call.args[1] for call in module.describe.call_args_list} == {text[:10_800]}
    held_out = module.describe.call_args.args[0]  # which comes last
    assert len(held_out) == 5 and all(one in text[10_800:] for one in held_out)


def test_heads_are_chosen_on_half_of_the_windows_and_scored_on_the_others(
    load_script, tiny_run, tmp_path
):
    module, text = load_script("text/gpt/heads.py"), (tmp_path / "text.txt").read_text()
    module.all_shares = Mock(side_effect=lambda model, x: np.arange(len(x)))
    chosen, confirmed = (np.zeros(4), np.array([1, 3, 2, 0])), (np.arange(4), np.arange(5, 9))
    module.scores = Mock(side_effect=[{"vowels": chosen}, {"vowels": confirmed}])
    module.draw = Mock()
    best = module.main([str(tiny_run), "--outputs", str(tmp_path)])["best"]["vowels"]
    assert (best["number"], best["chosen_by"], best["share"], best["score"]) == (1, 3, 1, 6)
    (half, texts), (rest, others) = (call.args for call in module.scores.call_args_list)
    assert [*half, *rest] == list(range(64)) and len(half) == len(texts) == len(others) == 32
    assert all(one in text[10_800:] for one in [*texts, *others])


def test_fine_tuning_learns_from_one_part_of_the_new_text(load_script, messages, tmp_path):
    module = load_script("text/gpt/fine_tune.py")
    alphabet = "".join(sorted(set("\n".join(messages.load_messages().texts))))
    learned, held_out = (
        {messages.skeleton(line) or line for line in part.split("\n")}
        for part in module.read_texts(None, alphabet, 1)
    )
    assert not learned & held_out and len(learned) > 5 * len(held_out) > 0
    (tmp_path / "mine.txt").write_text(PLAYS[:12_000], encoding="utf-8")
    parts = module.read_texts(tmp_path / "mine.txt", PLAYS, 1)
    assert parts == [PLAYS[:10_800], PLAYS[10_800:12_000]]


def test_fine_tuning_is_measured_on_what_is_held_out(load_script, counted, tmp_path):
    module, model = load_script("text/gpt/fine_tune.py"), Mock(input_shape=(None, 8))
    model.predict.return_value = 0
    module.load_first, module.text_of_run = lambda _: (model, {}), lambda _: counted
    module.read_texts = lambda *_: ["abab", "cdcd"]
    module.batches, module.train_one_way = Mock(), Mock(return_value=(model, 1))
    module.merge_lora, module.write, module.keep = lambda _: model, lambda *_, **__: "a", Mock()
    module.token_losses = Mock(side_effect=lambda model, tokens: np.array(tokens.mean()))
    ways = module.main(["RUN", "--outputs", str(tmp_path)])["ways"]
    assert {(one["old"], one["new"]) for one in ways.values()} == {(949.5, 2.5)} and len(ways) == 4
    assert [call.args[0].tolist() for call in module.batches.call_args_list] == [[0, 1, 0, 1]] * 4


def test_a_full_disk_leaves_the_network_that_was_there(load_script, tmp_path):
    def save(path):
        path.write_bytes(b"half")
        raise OSError("full")

    (tmp_path / "gpt_checkpoint.keras").write_bytes(b"old")
    with pytest.raises(OSError, match="full"):
        load_script("text/gpt/fine_tune.py").keep(Mock(save=save), {}, "ab", tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.read_bytes() == b"old"


def test_sums_that_are_held_out_are_not_learned(load_script, counted, tmp_path):
    module, model = load_script("text/gpt/addition.py"), Mock(input_shape=(None, 64))
    module.load_first, module.text_of_run = lambda _: (model, {}), lambda _: counted
    module.extend, module.batches, module.keep = Mock(return_value=model), Mock(), Mock()
    module.train_one_way = Mock(return_value=(model, 1))
    module.share_right = Mock(side_effect=lambda model, lines: len(lines) / 8_100)
    module.token_losses = Mock(side_effect=lambda model, tokens, _: tokens)
    results = module.main(["RUN", "--ways", "all weights", "--outputs", str(tmp_path)])
    (lines, *_), one = module.batches.call_args.args, results["ways"]["all weights"]
    assert one["right"] * 8_100 == results["held_out"] == 8_100 - len(lines) == 807
    held_out = module.share_right.call_args_list[0].args[1]
    assert not {*map(tuple, lines)} & {*map(tuple, held_out)}
    assert one["old"] == 949.5


@pytest.mark.parametrize("half", [False, True])
def test_variants_learn_and_validate_like_the_gpt(load_script, counted, half):
    module = load_script("text/gpt/variants.py")
    module.build, module.compile_gpt, module.batches = Mock(), Mock(), Mock()
    module.token_losses = Mock(side_effect=lambda model, tokens: tokens[1:])
    one, _ = module.train(counted, 10, 1, half=half)
    assert module.batches.call_args.args[0].tolist() == list(range(450 if half else 900))
    assert one["mean"] == np.arange(901, 1_000).mean()


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
    tuning, build = load_script("text/gpt/fine_tune.py"), module.build_gpt
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


def test_what_is_not_in_the_alphabet_of_a_network_ends_with_one_line(load_script):
    with pytest.raises(SystemExit, match="never seen 'é'"):
        load_script("text/gpt/characters.py").encode("aé", "ab")


# What a run of a GPT may hold, and what of it may be damaged


@pytest.fixture
def tiny_run(tiny, tmp_path):
    """Return the folder of a run with the tiny GPT, which knows the letters from a to f.

    All of its steps, one, are done; its results are not there yet.
    """
    folder, text = tmp_path / "run", tmp_path / "text.txt"
    folder.mkdir()
    letters = np.random.default_rng(1).choice(list("abcdef"), 12_000)
    text.write_text("".join(letters), encoding="utf-8")
    settings = {"data": str(text), "alphabet": "abcdef", "steps": 1, "seed": 1}
    settings["sha256"] = file_sha256(text)
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    header = "epoch,loss,accuracy,val_loss,val_accuracy,seconds\n"
    (folder / "gpt_history.csv").write_text(header + "1,1,1,1,1,1\n", encoding="utf-8")
    tiny.compile("adamw", loss="mse")
    tiny.optimizer.build(tiny.trainable_variables)
    tiny.optimizer.iterations.assign(1)
    tiny.save(folder / "gpt_checkpoint.keras")
    return folder


BAD = [None, True, 0, -1, 1.5, np.nan, 10**400, "", "a\0b", "\ud800", "/dev", [], {}]


def test_damaged_settings_of_a_run_end_with_one_line(load_script, tiny, tiny_run, monkeypatch):
    characters, path = load_script("text/gpt/characters.py"), tiny_run / "settings.json"
    monkeypatch.setattr(characters, "load_model", lambda path: tiny)

    def load():
        return characters.text_of_run(characters.load_run(str(tiny_run))[1])

    assert load().alphabet == "abcdef"
    whole = json.loads(path.read_text(encoding="utf-8"))
    for key in whole:
        for bad in BAD:
            path.write_text(json.dumps(whole | {key: bad}), encoding="utf-8")
            harmless = (key, bad) in [("steps", True), ("seed", True), ("seed", 0)]
            assert load() if harmless else failure(load)
    for text in ("", "[]", "[" * 100_000, '{"alphabet": "ab"}'):
        path.write_text(text, encoding="utf-8")
        assert "not a run of shakespeare.py" in failure(load)


READ_A_RUN = ["generate", "copies", "heads", "fine_tuning", "addition", "ngrams", "shakespeare"]
OPTION = {"ngrams": ["--run"], "shakespeare": ["--resume"]}  # which the others do not need


@pytest.mark.parametrize("name", READ_A_RUN)
def test_who_reads_a_run_refuses_another_network_and_another_text(
    load_script, gpt, tiny_run, tmp_path, name
):
    script = load_script(f"text/gpt/{name}.py")
    command = [*OPTION.get(name, []), str(tiny_run), "--outputs", str(tmp_path / "out")]
    if name != "generate":  # which does not read the text
        if hasattr(script, "load_first"):
            small = partial(gpt.build_gpt, width=16, heads=2, blocks=2)
            script.load_first.__globals__["build_gpt"] = small
            script.LENGTH = 1  # of a sum: the network sees 8 characters
        with (tmp_path / "text.txt").open("a", encoding="utf-8") as file:
            file.write("fed")
        assert "no longer, the text of this run" in failure(script.main, command)
    other = [keras.Input((8,)), keras.layers.Embedding(6, 4), keras.layers.Dense(6)]
    keras.Sequential(other).save(tiny_run / "gpt_checkpoint.keras")
    assert "is not a GPT of gpt.py with its 6 characters" in failure(script.main, command)


def test_other_networks_are_not_taken_for_a_gpt(load_script, gpt, tiny_run):
    characters, path = load_script("text/gpt/characters.py"), tiny_run / "gpt_checkpoint.keras"
    parts = {"symbols": 6, "context": 8, "width": 16, "heads": 2, "blocks": 1}
    for change in ({"symbols": 7}, {"context": 513}, {"blocks": 0}):
        gpt.build_gpt(**parts | change).save(path)
        assert "is not a GPT" in failure(characters.load_run, str(tiny_run)), change
    shutil.copy(ROOT / "assets/models/conv_net.keras", path)
    assert "is not a GPT" in failure(characters.load_run, str(tiny_run))
    gpt.build_gpt(**parts, positions=False).save(path)
    assert characters.load_run(str(tiny_run))[0].input_shape == (None, 8)


def test_the_alphabet_of_a_run_cannot_command_a_terminal(load_script, tiny_run, capsys):
    path = tiny_run / "settings.json"
    settings = json.loads(path.read_text(encoding="utf-8")) | {"alphabet": "a\n\x1b\x9b\u202e\x07"}
    path.write_text(json.dumps(settings), encoding="utf-8")
    generate = load_script("text/gpt/generate.py")
    options = ["--prompt", "a", "--temperature", "5", "--samples", "2"]
    text = generate.main([str(tiny_run), *options])["text"]
    first, *_ = said = capsys.readouterr().out
    assert first == "a" and {"\x1b", "\n"} < set(text) and set(said) == set("a\n?")


def test_a_run_that_was_killed_while_it_measured_can_be_finished(load_script, tiny_run, tmp_path):
    module, resume = load_script("text/gpt/shakespeare.py"), ["--resume", str(tiny_run)]
    checkpoint = tiny_run / "gpt_checkpoint.keras"
    before = file_sha256(checkpoint)
    module.token_losses, module.write = lambda *_: np.ones(99), lambda *_, **__: "abc"
    results = module.main(resume)
    assert results["history"]["epoch"] == [1] and results["validation"]["mean"] == 1
    assert (tiny_run / "results.json").exists() and file_sha256(checkpoint) == before
    assert "are done already" in failure(module.main, resume)


def test_a_damaged_checkpoint_is_not_resumed(load_script, gpt, tiny_run):
    module, history = load_script("text/gpt/shakespeare.py"), tiny_run / "gpt_history.csv"
    history.write_text(history.read_text(encoding="utf-8").replace("accuracy", "auc"))
    assert "has other columns" in failure(module.resume_run, str(tiny_run))
    gpt.build_gpt(6, 8, 16, 2, 2).save(tiny_run / "gpt_checkpoint.keras")
    assert "has no optimizer" in failure(module.resume_run, str(tiny_run))


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
    script = load_script("text/gpt/fine_tune.py")
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
        load_script("text/gpt/fine_tune.py").read_texts(tmp_path / "mine.txt", "ab", 1)


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
    whole = json.loads((tmp_path / "base_3_1.json").read_text(encoding="utf-8"))
    for key in whole:
        for bad in [bad for bad in BAD if bad not in (True, 1.5)]:
            text = json.dumps(whole | {key: bad})
            (tmp_path / "base_3_1.json").write_text(text, encoding="utf-8")
            assert "are damaged" in failure(script.train_once, "base", None, 3, 1, tmp_path)
    for content in (b"", b"[]"):
        for name in ("base_3_1.json", "base_3_1.npy"):
            (tmp_path / name).write_bytes(content)
            assert "are damaged" in failure(script.train_once, "base", None, 3, 1, tmp_path)


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


def test_the_page_gets_one_character_at_a_time(load_script, tiny_run):
    script = load_script("text/gpt/live/write_along.py")
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
    client = load_script("text/gpt/live/write_along.py").create_app(str(tiny_run)).test_client()
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
