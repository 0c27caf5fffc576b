"""Text: pieces of words, spam, near copies; attention by hand, a small GPT, what it writes."""

import json
import shutil
from functools import partial
from itertools import islice
from types import SimpleNamespace
from unittest.mock import Mock

import keras
import numpy as np
import pandas as pd
import pytest
import skops.io
import test_records
from conftest import ROOT, failure
from sklearn.metrics import log_loss
from starlette.testclient import TestClient

from serialization.operating import run_app
from text import ask, classifiers, counting, leak, messages, pieces, spam
from text.gpt import characters, fewer_bits, generate, gpt, ngrams, shakespeare, variants
from text.gpt.cache import cached_logits, last_window, uncached_logits
from text.gpt.copies import longest_runs
from text.gpt.live.write_along import create_app
from utils.files import file_sha256
from utils.training import SaveCheckpoint

FORM = {"Content-Type": "application/json"}
PLAYS = (ROOT / "text" / "shakespeare.txt").read_text(encoding="utf-8")


def test_frequent_neighbours_become_one_piece_and_every_text_survives():
    assert pieces.merge([b"a", b"a", b"a", b"b"], b"aa") == [b"aa", b"a", b"b"]
    learned = pieces.learn("low lower lowest low", 4)
    assert learned[:2] == [b"ow", b"low"]
    smallest = [bytes([byte]) for byte in range(256)]
    assert pieces.Encoder(smallest + learned).cut("slow") == [b"s", b"low"]
    assert pieces.learn("abcd", 44) == []  # no pair occurs twice
    assert pieces.learn("ab ab", 44) == [b"ab"]  # twice is enough
    assert pieces.learn("né né", 1, list) == ["né"]  # of characters, not of bytes
    encoder = pieces.Encoder(smallest + pieces.learn(PLAYS[:20_000], 44))
    for text in ("", "To be, or not\tto be?\n\n", "naïve 👑 漢字", "half: \udcc3", "  x ", "\r\n"):
        assert encoder.decode(encoder.encode(text)) == text


def test_near_copies_are_on_one_side(tmp_path):
    assert messages.skeleton("WIN £1000 now!!") == messages.skeleton("win £250, Now")
    some, path = messages.load_messages(most=1_000), tmp_path / "mine.tsv"
    folds = messages.split_by_group(some.labels, some.groups)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(1_000))
    for train, test in folds:
        assert set(some.groups[train]).isdisjoint(some.groups[test])
    assert len(set(some.groups)) < len(some.texts)
    for content in (b"ham no tab\n" * 30, b"ham\thello\n" * 30, b"ham\t\xff\n" * 30):
        path.write_bytes(content)
        assert failure(messages.load_messages, path)
    path.write_text("spam\tbuy\n\nso\tlong\n", encoding="utf-8")
    texts, table, _ = messages.read_texts(path, classes=["ham", "spam"])
    assert texts.tolist() == ["buy", "so\tlong"] and table["label"].tolist() == ["spam", ""]
    path.write_text("kind\tsaid\n" + "ham\ta\nspam\tb\n" * 20, encoding="utf-8")
    assert '--columns "kind" "said"' in failure(messages.load_messages, path)


@pytest.fixture
def numbered():
    """Return the first 400 messages, with their numbers as texts."""
    some = messages.load_messages(most=400)
    return some._replace(texts=np.array([str(number) for number in range(400)], dtype=object))


def check_apart(some, call, *asked):
    """Check what fit got: labels with its texts, few to stop by, no copies in other parts."""
    _, learn, labels, stop, stop_labels, *_ = call.args
    np.testing.assert_array_equal(labels, some.labels[learn.astype(int)])
    np.testing.assert_array_equal(stop_labels, some.labels[stop.astype(int)])
    assert len(learn) > 6 * len(stop) > 0
    numbers = [set(part.astype(int)) for part in (learn, stop, *asked)]
    groups = [set(some.groups[list(part)]) for part in numbers]
    for sets, count in ((numbers, len(some.texts)), (groups, len(set(some.groups)))):
        assert sum(map(len, sets)) == len(set.union(*sets)) == count


def test_held_out_messages_are_only_asked_about(run_main, numbered, recorder, monkeypatch):
    """The words are always right, and the GRU where the number of the message is not 0, 3, 6..."""
    right = Mock(side_effect=lambda texts: numbered.labels[texts.astype(int)])
    wrong = Mock(side_effect=lambda texts: right(texts) ^ (texts.astype(int) % 3 == 0))
    predict = Mock(side_effect=lambda kind, texts: np.eye(2)[kind(texts)])
    fit = Mock(
        side_effect=lambda name, *_, **__: partial(predict, wrong if name == "GRU" else right)
    )
    options = ["--models", "words", "GRU", "--seed", 3]
    _, results = run_main("text/spam.py", *options, fit=fit, load_messages=lambda *_: numbered)
    recorder.results += [results, [call.args for call in fit.call_args_list]]
    assert [one["errors"] for one in results["models"].values()] == [0, 134]
    searched = len(spam.RATES)  # between the five folds of the words and those of the GRU
    assert fit.call_count == 10 + searched
    calls = list(zip(fit.call_args_list, predict.call_args_list, strict=True))
    for call, question in calls[5 : 5 + searched]:
        np.testing.assert_array_equal(question.args[1], call.args[3])  # those to stop by decide
    for call, question in calls[:5] + calls[5 + searched :]:
        check_apart(numbered, call, question.args[1])
    kept = []
    model = SimpleNamespace(predict=lambda texts: kept.append(texts) or right(texts))
    fit = Mock(return_value=model)
    again = Mock(fit=Mock())
    monkeypatch.setattr(ask, "fit_regression", fit)
    monkeypatch.setattr(ask, "clone", lambda model: again)
    _, scores = ask.fit_and_judge("words", numbered, 2)
    recorder.results.append(fit.call_args.args)
    check_apart(numbered, fit.call_args, *kept)
    assert scores["accuracy"] == 1 > scores["majority"] > 0.8
    assert len(again.fit.call_args.args[0]) == 400, "the model that answers has learned from all"


def test_only_with_the_leak_copies_are_on_both_sides(run_main, capsys):
    def answer(name, messages, folds, seed):  # with as many errors as the seed says
        return messages.labels ^ (np.arange(len(messages.labels)) < seed), 0

    held_out = Mock(side_effect=answer)
    _, results = run_main("text/leak.py", "--messages", 1000, "--seeds", 2, held_out=held_out)
    together = {"errors": [1, 2], "mean": 1.5}
    assert results["together"] == {"words": together, "characters": together}
    assert capsys.readouterr().out.count("\n    ") == 2, "of the most frequent message"
    for number, call in enumerate(held_out.call_args_list):  # two models at random, and two
        _, some, folds, seed = call.args
        assert seed == 1 + number % 2
        groups = some.groups if number > 3 else np.arange(1_000)
        expected = messages.split_by_group(some.labels, groups, leak.FOLDS, seed)
        np.testing.assert_array_equal(folds[0][1], expected[0][1])
        assert sorted(np.concatenate([test for _, test in folds])) == list(range(1_000))
        shared = [set(some.groups[train]) & set(some.groups[test]) for train, test in folds]
        assert all(shared) if number < 4 else not any(shared)
    texts = ["a b c d", "a b c d e", "a b c f g", "x y", "y z"]
    assert leak.count_similar(texts) == 2  # the first two: four of five words


def test_the_messages_to_stop_by_choose_a_regression_and_teach_nothing(monkeypatch):
    some, words = messages.load_messages(most=300), counting.counted_words()
    texts, labels, stop = some.texts[:100], some.labels[:100], some.labels[100:]
    fit = partial(counting.fit_regression, lambda: words, texts, labels, some.texts[100:], stop)
    predict, losses = fit().predict_proba, []
    assert set(words.vocabulary_) == set(counting.counted_words().fit(texts).vocabulary_)
    for strength in counting.STRENGTHS:
        monkeypatch.setattr(counting, "STRENGTHS", [strength])
        losses.append(log_loss(stop, fit().predict_proba(some.texts[100:])))
    best = min(losses)
    assert best < min(losses[0], losses[-1])  # so neither end can be right by chance
    assert log_loss(stop, predict(some.texts[100:])) == best


def test_the_messages_to_stop_by_stop_a_network_and_teach_nothing(monkeypatch):
    fit = Mock()
    monkeypatch.setattr(keras.Model, "fit", lambda *args, **how: fit(*args, **how))
    monkeypatch.setattr(keras.utils, "set_random_seed", seeds := Mock())
    learn, stop = np.array(["a prize for you", ":-)"]), np.array(["unheard words", "mum"])
    parts = learn, np.array([1, 0]), stop, np.array([0, 1])
    classifiers.fit("averaged embeddings", *parts, seed=7)
    assert seeds.call_args.args == (7,) and fit.call_args.args[0].output_shape == (None, 2)
    (_, x, y), (x_stop, y_stop) = fit.call_args.args, fit.call_args.kwargs["validation_data"]
    assert (x[0, :4] > 1).all() and (x_stop <= 1).all()  # 1 stands for words never learned
    assert x[1].tolist() == [1] + [0] * (classifiers.LONGEST - 1)  # not the mean of nothing
    assert (y.tolist(), y_stop.tolist()) == ([1, 0], [0, 1])
    (early,) = fit.call_args.kwargs["callbacks"]
    assert early.monitor == "val_loss" and early.restore_best_weights


@pytest.mark.parametrize("name", ["averaged embeddings", "GRU", "transformer"])
def test_padding_does_not_count(name):
    model = classifiers.build_network(classifiers.NETWORKS[name], 2)
    numbers = np.pad([[5, 6, 7], [7, 6, 5]], ((0, 0), (0, classifiers.LONGEST - 3)))
    before = model.predict(numbers, verbose=0)
    (vectors,) = model.get_layer("embedding").get_weights()
    for number, least, most in ((0, 0, 1e-5), (6, 1e-4, 1)):
        vectors[number] = 9
        model.get_layer("embedding").set_weights([vectors])
        assert least <= np.abs(model.predict(numbers, verbose=0) - before).max() <= most
    assert (np.abs(before[0] - before[1]).max() < 1e-6) == (name == "averaged embeddings")


def test_a_word_left_out_shows_what_it_adds():
    def predict(texts):
        spam = 1 / (1 + np.exp(-np.array([3.0 * ("prize" in text) - 1 for text in texts])))
        return np.stack([1 - spam, spam], axis=1)

    probabilities, words = ask.explain(predict, "a big prize")
    assert probabilities.argmax() == 1 and [word for word, _ in words] == ["a", "big", "prize"]
    np.testing.assert_allclose([change for _, change in words], [0, 0, 3], atol=1e-6)


def test_a_kept_model_answers_as_before_about_rows_of_a_table(tmp_path):
    """What was learned from a CSV file of one's own; a file that is no model ends with a line."""
    some, run, new = messages.load_messages(most=900), tmp_path / "run", tmp_path / "new.csv"
    table = pd.DataFrame({"kind": np.array(some.classes)[some.labels], "said": some.texts})
    known, held_out = messages.split_by_group(some.labels, some.groups)[0]
    table.iloc[known].to_csv(tmp_path / "mine.csv", index=False)
    table = pd.concat([table.iloc[held_out], pd.DataFrame({"kind": ["empty"]})])
    table.assign(answer="mine").to_csv(new, index=False)
    options, text = ["--model", "words", "--data", tmp_path / "mine.csv"], "free prize, call now"
    options += ["--columns", "kind", "said", text, "--keep", "--outputs", run]
    learned = ask.main([*map(str, options)])
    assert learned["scores"]["accuracy"] > learned["scores"]["majority"]
    options = ["--model", run, "--rows", new, "--outputs", tmp_path / "use", text]
    asked = ask.main([*map(str, options)])
    assert asked["probabilities"] == learned["probabilities"]
    answers = pd.read_csv(tmp_path / "use" / "answers.csv")
    assert set(answers["answer"]) == {"mine"}
    assert answers.iloc[-1][["answer_new", "probability"]].isna().all()
    right = (answers["answer_new"] == answers["kind"])[:-1]
    assert right.mean() > (answers["kind"] == "ham").mean() + 0.05
    assert asked["rows"]["spam"] == (answers["answer_new"] == "spam").sum()
    rows = [{"text": text}, {"text": "xqzzy"}]
    for refuse in (False, True):
        with TestClient(run_app.create_app(run, refuse=refuse), "http://localhost") as served:
            one = served.post("/predict", json=rows[0]).json()
            assert one["answer"] == pytest.approx(learned["probabilities"], rel=1e-5)
            assert one["answer"][one["predicted"]] >= 0.5 and "unknown" not in one
            many = served.post("/predict", json=rows)
            assert many.status_code == (422 if refuse else 200)
            assert refuse or many.json()["answers"][1]["unknown"] == ["text"]
            for bad in ("", 1, "\ud800", "a" * 10_001):
                response = served.post("/predict", content=json.dumps({"text": bad}), headers=FORM)
                assert response.status_code == 422 and response.json()["error"]["message"]
    other, _ = ask.load_kept(run)  # which has learned, or it would be refused for that alone
    other[0].set_params(token_pattern="(a+)+b")  # as an attacker would
    skops.io.dump(other, run / "ask.skops")
    assert "is no run with --keep" in failure(ask.load_kept, run)
    (run / "ask.skops").write_bytes(b"PK")
    assert "is no run with --keep" in failure(ask.load_kept, run)


def test_messages_of_one_sender_are_on_one_side(tmp_path):
    """Labels are chance, one for each sender, whose name stands below each of six messages."""
    random, path = np.random.default_rng(1), str(tmp_path / "mine.csv")
    names = ["".join(random.choice([*"abcdefgh"], 9)) for _ in range(60)]
    said = [f"{' '.join(random.choice([*'uvwxyz'], 9))} {name}" for name in names for _ in "123456"]
    table = pd.DataFrame({"kind": np.repeat(random.choice(["in", "out"], 60), 6), "said": said})
    table["who"] = np.repeat(names, 6)
    table.loc[table.index % 60 == 0, "said"] = ["Hello!", "hello 2", "HELLO", "Bye", "bye", "bye 7"]
    table.to_csv(path, index=False)
    options = ["--model", "words", "--data", path, "--columns", "kind", "said", "--keep"]
    options += ["--outputs", str(tmp_path / "run")]
    assert ask.main(options)["scores"]["accuracy"] > 0.95
    assert ask.main([*options, "--group", "who"])["scores"]["accuracy"] < 0.7
    groups = messages.load_messages(path, None, ["kind", "said", "who"]).groups
    some = pd.Series(groups).groupby(table["who"])  # three have sent one, and three the other
    assert some.nunique().eq(1).all() and len({*groups}) == 60 - 4
    assert len({*groups[:180:60]}) == len({*groups[180::60]}) == 1


@pytest.mark.every_back_end
def test_attention_by_hand_equals_keras(run_main):
    _, results = run_main("text/gpt/attention.py")
    assert results["difference"] < 1e-5
    shares = np.array(results["shares"])
    np.testing.assert_allclose(shares.sum(axis=2), 1)
    assert (np.triu(shares[0], k=1) == 0).all()
    assert results["reordered"] < 1e-12 < 0.01 < results["reordered_with_places"]


both_kinds = pytest.mark.parametrize("kind", [gpt.GPT2 | {"groups": 2}, gpt.TODAY | {"groups": 1}],
                                     ids=["gpt2", "today"])  # fmt: skip


def make_tiny(kind, blocks=2):
    keras.utils.set_random_seed(3)
    model = gpt.build_gpt(6, context=8, width=16, heads=2, blocks=blocks, kind=kind)
    random = np.random.default_rng(3)
    model.set_weights([w + random.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


@both_kinds
@pytest.mark.every_back_end
def test_the_network_has_the_parameters_of_the_text_and_sees_places_and_no_future(kind):
    assert gpt.build_gpt(gpt.SYMBOLS).count_params() == 729_856
    texts = [[0, 1, 2, 3, 4, 5, 0, 1], [0, 1, 2, 3, 5, 5, 5, 5], [1, 0, 2, 3, 4, 5, 0, 1]]
    tokens = np.array(texts)
    first, second, reordered = make_tiny(kind).predict(tokens, verbose=0)
    np.testing.assert_allclose(first[:4], second[:4], atol=1e-5)
    assert np.abs(first[4:] - second[4:]).max() > 0.01 < np.abs(first[-1] - reordered[-1]).max()


@pytest.mark.every_back_end
def test_the_network_computes_in_sixteen_bits(set_policy):
    set_policy("mixed_bfloat16")
    model = make_tiny(gpt.TODAY, blocks=1)
    assert np.isfinite(model.predict(np.zeros((2, 8)), verbose=0)).all()
    set_policy("float32")
    copy = keras.models.clone_model(model).get_layer("block_1_attention")  # as after loading
    assert copy.query.compute_dtype == copy.compute_dtype == "bfloat16"


@pytest.mark.every_back_end
def test_the_parts_of_a_block_are_what_numpy_makes_of_them():
    """Rotary positions, RMSNorm, SwiGLU, and four heads of which two each share keys and values."""
    width, size = 16, 4
    x = np.random.default_rng(1).normal(size=(2, 5, width)).astype("float32")
    attention = gpt.CausalAttention(heads=4, groups=2, rotary=True)
    said = keras.ops.convert_to_numpy(attention(x))
    query, key, value, mix = (
        keras.ops.convert_to_numpy(getattr(attention, name).kernel)
        for name in ("query", "key", "value", "mix")
    )

    def turn(vectors):  # (places, size): pairs as complex numbers, turned by their place
        pairs = vectors[:, :2] + 1j * vectors[:, 2:]
        pairs = pairs * np.exp(1j * np.outer(np.arange(5), gpt.TURNS ** -(np.arange(2) / 2)))
        return np.hstack([pairs.real, pairs.imag])

    for text, found in zip(x, said, strict=True):
        taken = []
        for head in range(4):
            own = slice(size * head, size * (head + 1))
            shared = slice(size * (head // 2), size * (head // 2 + 1))
            match = turn(text @ query[:, own]) @ turn(text @ key[:, shared]).T / size**0.5
            powers = np.tril(np.exp(match))
            taken.append(powers / powers.sum(axis=1, keepdims=True) @ (text @ value[:, shared]))
        np.testing.assert_allclose(found, np.hstack(taken) @ mix, atol=1e-5)

    tokens = keras.Input((5, width))
    model = keras.Model(tokens, gpt.add_block(tokens, 4, gpt.TODAY, "one"))
    said = model.predict(x, verbose=0)
    kernels = {layer.name: layer.get_weights() for layer in model.layers}
    gate, wide, narrow = (kernels[f"one_{name}"][0] for name in ("gate", "wide", "narrow"))
    layer = model.get_layer
    x = x + keras.ops.convert_to_numpy(layer("one_attention")(layer("one_normal_1")(x)))
    y = x / np.sqrt((x**2).mean(axis=2, keepdims=True))
    gated = (y @ gate) / (1 + np.exp(-(y @ gate))) * (y @ wide)
    np.testing.assert_allclose(said, x + gated @ narrow, rtol=1e-3, atol=1e-4)


@both_kinds
@pytest.mark.every_back_end
def test_the_cache_equals_keras_also_beyond_its_context(kind):
    starts = [last_window(length, 8) for length in range(1, 18)]
    assert starts == [0] * 8 + [4] * 4 + [8] * 4 + [12]
    model, tokens = make_tiny(kind), np.random.default_rng(1).integers(6, size=(2, 20))
    ways = [cached_logits(model), uncached_logits(model)]
    for text, end in ((0, 3), (0, 4), (1, 7), (0, 8), (0, 9), (0, 20), (0, 2)):
        texts = tokens[::-1] if text else tokens  # other texts, at (1, 7), are read from the start
        np.testing.assert_allclose(*(way(texts[:, :end]) for way in ways), atol=1e-5)


def test_samples_are_written_at_once_as_one_by_one(eagerly):
    write = partial(generate.write, make_tiny(gpt.TODAY, 1), list("abcdef"), "ab", 6)
    several = list(write(samples=3, temperature=0))
    assert set(zip(*several, strict=True)) == set(zip(*write(temperature=0), strict=True))
    first, second = zip(*write(samples=2), strict=True)
    assert first != second and list(write(seed=1)) != list(write(seed=2))


def test_tokens_are_chosen_as_told():
    random, logits = np.random.default_rng(1), np.log([0.1, 0.5, 0.3, 0.1])
    choose = partial(generate.choose, logits, random)
    cold = [{"temperature": temperature} for temperature in (0, 1e-310, 0.01)]
    for how in (*cold, {"top_k": 1}, {"top_p": 0.4}):
        assert {choose(**how) for _ in range(20)} == {1}
    for how in ({"top_k": 2}, {"top_p": 0.6}):
        assert {choose(**how) for _ in range(50)} == {1, 2}
    drawn = np.bincount([choose() for _ in range(3_000)]) / 3_000
    np.testing.assert_allclose(drawn, [0.1, 0.5, 0.3, 0.1], atol=0.04)


def test_each_token_is_scored_once(eagerly):
    tiny = make_tiny(gpt.TODAY)
    tokens = np.random.default_rng(1).integers(6, size=29)
    x, y = characters.windows(tokens, 8)
    np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
    losses = characters.token_losses(tiny, tokens)
    by_keras = keras.ops.softmax(tiny(x[:1]))[0]
    by_keras = keras.ops.convert_to_numpy(by_keras)[np.arange(8), y[0]]
    np.testing.assert_allclose(losses[:8], -np.log(by_keras), rtol=1e-4)
    # Of the second window, which begins at 4, and of the last one, only the second half counts.
    for begin, end in ((4, 13), (20, 29)):
        alone = characters.token_losses(tiny, tokens[begin:end])
        np.testing.assert_allclose(losses[begin + 4 : end - 1], alone[4:], rtol=1e-4)
    assert losses.shape == (28,)


SMALL = {"build_gpt": lambda *sizes, **kind: gpt.build_gpt(*sizes, 16, 2, 1, **kind)}


def test_a_gpt_learns_what_comes_next_and_the_last_tenth_judges(run_main, tmp_path, monkeypatch):
    """Of a text in which each character comes once, and so is its place."""
    seen, path = [], tmp_path / "text.txt"
    path.write_text("".join(map(chr, range(0x4E00, 0x4E00 + 10_000))), encoding="utf-8")

    def fit(model, rows, validation_data, callbacks, **how):
        assert not how["shuffle"] and model.optimizer.weight_decay == 0.1
        assert {*validation_data[0].flat} == set(range(9_000, 9_999))
        np.testing.assert_array_equal(validation_data[1], validation_data[0] + 1)
        seen.extend(islice(rows, 8))
        callbacks[-1].history = {"seconds": [1.0]}

    monkeypatch.setattr(keras.Model, "fit", fit)
    train = {"character_losses": lambda model, tokens, _: np.full(len(tokens) - 1, tokens.mean())}
    train |= {"write": lambda *_, **__: "abc", "REPORT": 2, **SMALL}
    options = ["--data", path, "--steps", 8, "--context", 8]
    _, results = run_main("text/gpt/shakespeare.py", *options, **train)
    assert results["validation"]["mean"] == np.arange(9_000, 10_000).mean()
    assert results["train"]["mean"] == np.arange(1_000).mean()
    one_by_one = shakespeare.batches(np.arange(9_000), 8, shakespeare.SEED)
    for (x, y), expected in zip(seen, one_by_one, strict=False):
        np.testing.assert_array_equal(expected, (x, y))
        np.testing.assert_array_equal(y, x + 1)
        assert x.shape == (shakespeare.BATCH_SIZE, 8) and y.max() < 9_000
    assert (seen[0][0] != seen[1][0]).any()


@pytest.mark.slow
def test_a_stopped_training_ends_as_if_it_never_stopped(run_main, eagerly, tmp_path, monkeypatch):
    letters = np.random.default_rng(1).choice(list("abcdef"), 10_000)
    (tmp_path / "text.txt").write_text("".join(letters), encoding="utf-8")
    train = {"REPORT": 2, "write": lambda *_, **__: "abc", **SMALL}
    options = ["--data", tmp_path / "text.txt", "--steps", 4, "--context", 8, "--dropout", 0.2]
    _, whole = run_main("text/gpt/shakespeare.py", *options, **train)
    shutil.rmtree(tmp_path / "run")
    save = SaveCheckpoint.on_epoch_end

    def save_and_stop(self, epoch, logs=None):
        save(self, epoch, logs)
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stopped.setattr(SaveCheckpoint, "on_epoch_end", save_and_stop)
        run_main("text/gpt/shakespeare.py", *options, **train)
    _, gone_on = run_main("text/gpt/shakespeare.py", "--resume", tmp_path / "run", **train)
    for key in ("loss", "val_loss"):
        assert gone_on["history"][key] == pytest.approx(whole["history"][key], abs=1e-5)


@pytest.fixture
def tiny_run(tmp_path):
    """Return the folder of a run with the tiny GPT, which knows the letters from a to f."""
    folder, text = tmp_path / "tiny", tmp_path / "text.txt"
    folder.mkdir()
    letters = np.random.default_rng(1).choice(list("abcdef"), 12_000)
    text.write_text("".join(letters), encoding="utf-8")
    settings = {"data": str(text), "alphabet": "abcdef", "steps": 1, "seed": 1}
    settings["batch_size"] = 12
    settings["sha256"] = file_sha256(text)
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    make_tiny(gpt.TODAY).save(folder / characters.CHECKPOINT)
    return folder


def test_ngrams_count_in_one_part_and_predict_the_other(run_main, tiny_run, tmp_path):
    text, count = (tmp_path / "text.txt").read_text(), Mock(side_effect=ngrams.NGrams)
    said = np.random.default_rng(1).random(1_197)  # of the network, by characters
    network = Mock(side_effect=lambda _, tokens, __: said[: len(tokens) - 3])
    replaced = {"NGrams": count, "draw": Mock(), "character_losses": network}
    options = ["--run", tiny_run, "--order", 2, "--seed", 3]
    _, results = run_main("text/gpt/ngrams.py", *options, **replaced)
    assert count.call_args.args[1] == [text[:10_800]]
    model = ngrams.NGrams(2, [text[:10_800]], "abcdef")
    means, losses = [one["mean"] for one in results["orders"]], model.losses(text[10_800:])
    np.testing.assert_allclose(means, losses.mean(axis=1))
    assert results["samples"][0] == model.write(1, ngrams.LENGTH, np.random.default_rng(3))
    assert results["best"] == 1 + np.argmin(means)
    less = losses[results["best"] - 1, 2:] - said
    assert results["difference"]["mean"] == pytest.approx(less.mean())
    few = ngrams.NGrams(3, ["abcabdabe"], "abcde")
    by_hand = [few.probabilities("abdab"[end], "abdab"[:end]) for end in (1, 2, 3, 4)]
    np.testing.assert_allclose(few.losses("abdab").T, -np.log(by_hand))
    runs = longest_runs("not to bed or no", "to be or not to be")
    assert runs == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 6, 5, 4, 3, 2, 1]
    for context in ("", "a", "x"):
        assert sum(model.probabilities(one, context)[1] for one in "abcdef") == pytest.approx(1)


def test_copies_and_fewer_bits_are_looked_at_as_on_file(
    tiny_run, rows, recorder, run_main, monkeypatch
):
    """With tokens of two characters, and of each form of the weights other probabilities."""

    def write(model, alphabet, prompt, length, seed, temperature, samples):
        random = np.random.default_rng([seed, round(10 * temperature)])
        yield from random.choice(["ab", "cd", "ef", "fa"], (length, samples))

    small = {"write": write, "ORDERS": [2, 3], "TEMPERATURES": [1, 0.5], "PIECES": 2}
    options = [tiny_run, "--length", 6, "--seed", 2]
    recorder.results.append(run_main("text/gpt/copies.py", *options, **small)[1])

    def quantize(model, mode=None, config=None):  # each time, the weights grow more
        sizes.append(len(sizes) + 2)
        model.set_weights([sizes[-1] * weights for weights in model.get_weights()])

    def look(model, text):
        looked.append(model.get_weights()[0])
        return read(model, text)

    sizes, looked, read, made = [], [], fewer_bits.read, fewer_bits.configs
    monkeypatch.setattr(keras.Model, "quantize", quantize)
    rows.answer = lambda inputs, shape: test_records.answer(inputs + len(looked), shape)
    kinds = ("int8", "gptq", "awq")
    configs = Mock(side_effect=lambda *some: {kind: made(*some)[kind] for kind in kinds})
    options, replaced = [tiny_run, "--samples", 4], {"configs": configs, "read": look}
    _, results = run_main("text/gpt/fewer_bits.py", *options, **replaced)
    forms = [
        {key: form[key] for key in form if key != "bytes"} for form in results["forms"].values()
    ]
    recorder.results += [forms, configs.call_args.args]
    np.testing.assert_array_equal(looked[2], 2 * looked[1])  # it was saved, and is read again


@pytest.mark.slow
def test_fewer_bits_stay_close_and_keras_does_not_calibrate(run_main, eagerly, tiny_run, tmp_path):
    """As the chapter on files says. Once Keras calibrates, the text has to follow."""
    text = characters.load_text(tmp_path / "text.txt", list("abcdef"))
    model = make_tiny(gpt.TODAY, 1)
    model.save(tiny_run / characters.CHECKPOINT)  # each kind takes seconds for each block
    kinds = ("int8", "int8_weights", "gptq", "awq")
    made = fewer_bits.configs
    configs = Mock(side_effect=lambda *some: {kind: made(*some)[kind] for kind in kinds})
    _, results = run_main("text/gpt/fewer_bits.py", tiny_run, "--samples", 4, configs=configs)
    np.testing.assert_array_equal(configs.call_args.args[0], text.train)
    rows = results["forms"]
    losses = characters.character_losses(model, text.validation, text.alphabet)
    assert rows["float32"]["mean"] == pytest.approx(losses.mean())
    assert rows["float32"]["difference"] == rows["float32"]["more"]["mean"] == 0
    assert rows["int8_weights"]["bytes"] == rows["int8"]["bytes"] < rows["float32"]["bytes"]
    assert 0 < rows["int8_weights"]["difference"] < rows["int8"]["difference"] < 0.1
    assert all(row["difference"] < 0.8 for row in rows.values())
    plain, awq, *mended = (rows[f] for f in ("gptq", "awq", "gptq_mended", "awq_mended"))
    assert plain["mean"] == pytest.approx(awq["mean"], abs=1e-4), "neither has seen any data"
    for row in mended:
        less = plain["mean"] - row["mean"]
        assert abs(less) > 1e-3 and less == pytest.approx(row["less"]["mean"], abs=1e-4)


@pytest.mark.slow
def test_the_gpt_learns_and_writes_with_its_cache(run_main, tmp_path):
    path, run = tmp_path / "plays.txt", tmp_path / "kept"
    path.write_text(PLAYS[:12_000], encoding="utf-8")
    train = {"REPORT": 60, "WARM_UP": 5, **SMALL}
    options = ["--data", path, "--steps", 120, "--learning-rate", 0.01]
    _, first = run_main("text/gpt/shakespeare.py", *options, **train)
    assert first["validation"]["mean"] < 3.0 < np.log(50)
    shutil.copytree(tmp_path / "run", run)
    _, written = run_main("text/gpt/generate.py", run, "--length", 80, "--check")
    assert len(written["text"]) == 80 and written["difference"] < 1e-5


def test_bad_texts_end_with_one_line_and_the_last_tenth_of_a_good_one_validates(tmp_path):
    path = tmp_path / "mine.txt"
    for bad in (b"short", b"a" * 20_000, b"\xff\xfe" * 9_000):
        path.write_bytes(bad)
        assert "mine.txt" in failure(characters.load_text, path)
    assert "never seen 'é'" in failure(characters.encode, "aé", "ab")
    path.write_text(PLAYS[:12_000], encoding="utf-8")
    alphabet, *parts = characters.load_text(path)
    parts = ["".join(alphabet[token] for token in part) for part in parts]
    assert parts == [PLAYS[:10_800], PLAYS[10_800:12_000]]


def test_a_damaged_run_or_another_text_ends_with_one_line(tiny_run, tmp_path, monkeypatch):
    def load():
        return characters.text_of_run(characters.load_run(tiny_run)[1])

    path, network = tiny_run / "settings.json", tiny_run / characters.CHECKPOINT
    whole = json.loads(path.read_text(encoding="utf-8"))
    tiny = make_tiny(gpt.TODAY)
    with monkeypatch.context() as context:
        context.setattr(characters, "load_model", lambda path: tiny)
        bad = [whole | {key: bad} for key in whole for bad in (None, -1, "a\0b")]
        for one in [*bad, {}, whole | {"alphabet": list("abcdea")}]:
            path.write_text(json.dumps(one), encoding="utf-8")
            assert failure(load)
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert load().alphabet == list("abcdef")
    assert "there is no folder" in failure(characters.load_run, "nowhere")
    (tmp_path / "text.txt").write_text("fed" * 4_000, encoding="utf-8")
    assert "no longer, the text of this run" in failure(load)
    shutil.copy(ROOT / "assets/models/conv_net.keras", network)
    assert "is not a GPT" in failure(load)
    assert characters.harmless("a\n\x1b[2J") == "a\n?[2J"  # of an alphabet from a file


def test_a_comparison_of_variants_goes_on(run_main):
    losses = {"gpt2": 2.0, "rotary": 1.9, "rms": 1.8}

    def train(text, steps, seed, kind):
        name = {(False, False): "gpt2", (True, False): "rotary"}.get((kind["rotary"], kind["rms"]))
        loss = losses[name or "rms"]
        return {"parameters": 9, "steps": steps, "mean": loss}, np.full(2_000, loss)

    train = Mock(side_effect=train)
    for added in ([], ["rms"]):
        options = ["--steps", 3, "--variants", "rotary", *added]
        _, results = run_main("text/gpt/what_matters.py", *options, train=train, load_text=Mock())
    assert train.call_count == 6, "what was done is not done again"
    gains = [one["above_base"][0]["mean"] for one in list(results["variants"].values())[1:]]
    assert gains == pytest.approx([-0.1, -0.2], abs=1e-5)


def test_the_dial_foretells_what_follows_its_line(run_main, monkeypatch):
    floor = 1.2

    def train(text, steps, seed, kind, blocks, width, heads, learning_rate, warm_up, xla):
        assert width == 32 * blocks == 32 * heads and learning_rate > 0 and seed == 3
        assert warm_up / steps == pytest.approx(100 / 400, rel=0.05)
        parameters = 12 * width**2 * blocks
        loss = floor + 3 * (6 * parameters * steps * 12 * 64 / 1e9) ** -0.3
        one = {"parameters": parameters, "steps": steps, "mean": loss, "seconds": 2.0}
        return one, np.full(2_000, loss)

    monkeypatch.setattr("text.gpt.what_matters.train", train)
    times = iter([0, 4, 10, 12, 20, 23, 30, 33, 40, 43])
    clock = SimpleNamespace(perf_counter=times.__next__)
    few = {"time": clock, "load_text": Mock(), "SIDE": 64}
    _, found = run_main("text/gpt/dial.py", "--steps", 400, "--seed", 3, **few)
    assert found["processor"] == 64**3, "two seconds, in the fastest round"
    assert found["floor"] == pytest.approx(floor, abs=1e-3)
    *small, last = sizes = found["sizes"]
    assert all(one["operations"] == 6 * one["parameters"] * one["characters"] for one in sizes)
    ratios = [one["characters"] / one["parameters"] for one in sizes]
    assert ratios == pytest.approx([ratios[0]] * len(sizes), rel=0.02)
    assert found["speed"] == last["operations"] / 2
    x, y = (np.log([one[key] for one in small]) for key in ("operations", "mean"))
    line = np.polyval(np.polyfit(x, y, 1), np.log(last["operations"]))
    assert found["a line"] == pytest.approx(np.exp(line)) and found["a line"] < last["mean"] - 0.03
    assert found["with a floor"] == pytest.approx(last["mean"])
    ten = found["larger"][0]
    assert 6 * ten["weights"] * ten["characters"] == pytest.approx(10 * last["operations"])
    assert ten["loss"] == pytest.approx(floor + (last["mean"] - floor) * 10**-0.3, abs=1e-3)
    assert ten["days"] == 2 * 10 / 86_400 and ten["gigabytes"] == 12 * ten["weights"] / 1e9


def test_each_rival_gets_its_own_rate(run_main):
    best = {"GPT": 0.005, "GPT, AdamW": 0.002, "GRU": 0.012}

    def train(text, steps, seed, gru=False, adamw=False, learning_rate=None):
        name = "GRU" if gru else "GPT, AdamW" if adamw else "GPT"
        loss = 1 + abs(learning_rate - best[name]) + 0.1 * list(best).index(name)
        one = {"mean": loss, "low": loss, "high": loss, "steps": steps}
        return one, np.full(2_000, loss)

    instead = {"train": train, "load_text": Mock()}
    _, found = run_main("text/gpt/what_matters.py", "--rivals", "--steps", 3, **instead)
    rivals = found["rivals"]
    assert {name: one["best"]["learning_rate"] for name, one in rivals.items()} == best
    assert rivals["GRU"]["above_gpt"]["mean"] == pytest.approx(0.2, abs=1e-6)


@pytest.mark.slow
def test_a_variant_learns_what_it_is_given(eagerly):
    text = characters.Text(list("abcdef"), *np.random.default_rng(1).integers(6, size=(2, 900)))
    parts = (variants.VARIANTS[name] for name in ("squared", "untied"))
    for options in ({"adamw": True}, {"gru": True}, *parts):
        one, losses = variants.train(text, 1, 1, learning_rate=0.001, **options)
        assert one["mean"] == pytest.approx(losses.mean()) and 0 < one["mean"] < 5


def test_pieces_of_words_are_learned_from_the_training_part_and_all_costs_are_shared_out(tmp_path):
    path, words = tmp_path / "text.txt", ["to be ", "or not ", "that is "]
    some = "".join(np.random.default_rng(1).choice(words, 1_600))
    path.write_text(some + "only here " * 100, encoding="utf-8")
    whole = characters.load_text(path)
    text = characters.load_text(path, pieces=6)
    assert text.alphabet[:-6] == whole.alphabet and len(whole.alphabet) == len(set(some + "ly"))
    assert " that" in text.alphabet[-6:] and "only" not in "".join(text.alphabet)
    for part, characters_of_part in zip(text[1:], whole[1:], strict=True):
        written = characters.decode(part, text.alphabet)
        assert written == characters.decode(characters_of_part, whole.alphabet)
        assert len(part) < 0.7 * len(written) or part is text.validation
        np.testing.assert_array_equal(characters.encode(written, text.alphabet), part)
    model = gpt.build_gpt(len(text.alphabet), 8, 16, 2, 1)
    tokens = text.train[:100]
    losses = characters.character_losses(model, tokens, text.alphabet)
    assert len(losses) == len(characters.decode(tokens[1:], text.alphabet))
    assert losses.sum() == pytest.approx(characters.token_losses(model, tokens).sum())


def test_the_rate_rises_and_falls_and_muon_gets_the_matrices():
    tiny = make_tiny(gpt.TODAY)
    schedule = shakespeare.make_schedule(1_100)
    rates = [float(schedule(step)) for step in (0, 50, 100, 600, 1_100)]
    assert rates == pytest.approx(shakespeare.LEARNING_RATE * np.array([0, 0.5, 1, 0.55, 0.1]))
    optimizer = shakespeare.make_optimizer(0.001)
    optimizer.build(tiny.trainable_variables)
    velocities = zip(tiny.trainable_variables, optimizer.adam_velocities, strict=True)
    by_muon = {variable.path for variable, velocity in velocities if velocity is None}
    kernels = {one.path for one in tiny.trainable_variables if one.path.endswith("kernel")}
    assert by_muon == kernels and len(kernels) > 4
    gru = keras.Sequential([keras.Input((4, 2)), keras.layers.GRU(3)])
    optimizer = shakespeare.make_optimizer(0.001)
    optimizer.build(gru.trainable_variables)  # kernel, recurrent kernel, biases
    assert [one is None for one in optimizer.adam_velocities] == [True, True, False]


def test_the_page_gets_one_character_at_a_time_and_bad_questions_one_sentence(tiny_run):
    client = TestClient(create_app(str(tiny_run)), "http://localhost")
    paths = ("/", "/write/write.js", "/write/write.css", "/static/style.css")
    assert {client.get(path).status_code for path in paths} == {200}
    good = {"text": "abcdefab", "temperature": 0.5, "top_k": 0, "top_p": 1}
    for how, left in (({}, 6), ({"temperature": 0}, 1), ({"top_k": 2}, 2), ({"top_p": 0.01}, 1)):
        answer = client.post("/next", json=good | how).json()
        shares = {one["character"]: one["probability"] for one in answer["likeliest"]}
        assert set(shares) == set("abcdef") and sum(shares.values()) == pytest.approx(1)
        assert sum(share > 0 for share in shares.values()) == left
        assert shares[answer["character"]] > 0
    bad = [{"text": text} for text in ("", "a" * 2_001, "aé\ud800", None)]
    bad += [{"temperature": value} for value in (-1, 5.1, float("nan"))]
    bad += [{"top_k": -1}, {"top_p": 0}, {"top_p": "1"}, {"more": 1}]
    for how in bad:
        response = client.post("/next", content=json.dumps(good | how), headers=FORM)
        assert response.status_code == 422 and response.json()["error"]["message"]
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
