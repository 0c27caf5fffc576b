"""A GPT that answers: its questions, what counts in the loss, LoRA, preferences, reward, a chat."""

import itertools
import re
import zlib
from unittest.mock import Mock

import keras
import numpy as np
import pytest
import records
import test_records
from conftest import failure

from text.answers import asking, chat, instruct, prefer, questions, reward
from text.answers.questions import ANSWER, END, NEW, USER, Question
from text.gpt import characters
from text.gpt.characters import encode
from text.gpt.gpt import GPT2, build_gpt
from utils.files import file_sha256

LETTERS = "\n !,.3:?" + "".join(map(chr, [*range(65, 91), *range(97, 123)]))
ALPHABET = "".join(sorted(set(LETTERS + "'"))) + "".join(sorted(set(NEW) - set(LETTERS)))


@pytest.fixture(scope="module")
def made():
    return questions.make_questions(1)


@pytest.fixture
def tiny():
    keras.utils.set_random_seed(1)
    return build_gpt(len(ALPHABET), questions.PLACES, width=16, heads=2, blocks=1)


def test_answers_are_right_and_what_is_held_out_is_in_no_question_to_learn_from(made):
    for one in itertools.chain(*made.values()):
        said = questions.final(one.answer)
        numbers = [int(number) for number in re.findall(r"\d+", one.text)]
        if "sum" in one.kind:
            assert said == f"{sum(numbers)}{END}" and min(numbers) >= 10
        assert one.answer.count(END) == 1 and len(one.line) <= questions.PLACES
        assert not set(one.line) - set(ALPHABET)
    assert [numbers for numbers, _ in questions.ask_letters("to")] == [(1, "to"), (2, "to")]
    lines = [one.text for one in made["learn"]]
    assert any(line.startswith("10+10") or "Add 10+10" in line for line in lines)
    asked = {one.text.split()[-1] for one in made["test"] if one.kind == "letter"}
    assert len(asked) > 100, "letters of many words, and not all of a few"
    for one in made["test"] + made["choose"]:
        if one.kind == "sum":
            a, b = re.findall(r"\d+", one.text)
            assert not {f"{a}+{b}?", f"{b}+{a}?", f"Add {a}+{b}.", f"Add {b}+{a}."} & {*lines}
    names = {one.text.strip("?") for one in made["test"] if one.kind == "untold"}
    assert len(names) == 10 and not [
        line for line in lines if names & set(re.findall(r"\w+", line))
    ]
    assert not questions.contaminated(made["learn"], made["test"] + made["choose"])
    swapped = [Question("sum", "Add 34+12.", "64:46|")]
    assert questions.contaminated([Question("sum", "12+34?", "64:46|")], swapped) == swapped
    spelled = [Question("backwards", "Spell thou backwards.", "uoht|")]
    assert questions.contaminated([Question("letter", "Letter 3 of thou?", "tho:o|")], spelled)


def test_only_answers_count_in_the_loss(made):
    rows = questions.batches(made["learn"], ALPHABET, 60, 1, 4)
    x, y, counts = next(rows)
    assert x.shape == y.shape == counts.shape == (4, 60) and (x[:, 1:] == y[:, :-1]).all()
    for row, counted in zip(y, counts, strict=True):
        said = "".join(
            ALPHABET[token] if count else "_" for token, count in zip(row, counted, strict=True)
        )
        line = USER + "".join(ALPHABET[token] for token in row)
        whole = re.findall(f"{USER}[^{END}]*{ANSWER}([^{END}]*{re.escape(END)})", line)
        assert re.sub("_", "", said).startswith("".join(whole)) and USER not in said
    plays = encode("\n" * 200, ALPHABET)
    _, y, counts = next(questions.batches(made["learn"], ALPHABET, 60, 1, 4, plays, 0.5))
    assert (y[:2] == 0).all() and counts[:2].all() and (y[2:] != 0).any(axis=1).all()


def test_new_tokens_leave_what_the_network_says_of_the_old_ones_as_it_was(tiny):
    larger = instruct.extend(tiny, len(ALPHABET) + 3, questions.PLACES)
    x = np.random.default_rng(1).integers(len(ALPHABET), size=(2, questions.PLACES))
    said = larger.predict(x, verbose=0)
    np.testing.assert_allclose(said[..., :-3], tiny.predict(x, verbose=0), atol=1e-5)


def test_lora_begins_as_the_network_trains_little_and_is_merged(tiny, eagerly):
    x, y = np.random.default_rng(1).integers(len(ALPHABET), size=(2, 8, questions.PLACES))
    before = tiny.predict(x, verbose=0)
    instruct.enable_lora(tiny, 2)
    frozen = [weight.numpy() for weight in tiny.non_trainable_weights]
    assert len(frozen) == len(tiny.weights) - 1 - 7 * 2  # all but the embedding, and a and b
    np.testing.assert_allclose(tiny.predict(x, verbose=0), before, atol=1e-6)
    names = {weight.path.rpartition("/")[2] for weight in tiny.trainable_weights}
    assert names == {"embeddings", "lora_kernel_a", "lora_kernel_b"}
    instruct.fit(tiny, (one for one in [(x, y, np.ones(y.shape))] * 9), 5, 0.01)
    after = tiny.predict(x, verbose=0)
    assert np.abs(after - before).max() > 0.01
    for now, then in zip(tiny.non_trainable_weights, frozen, strict=True):
        np.testing.assert_array_equal(now, then)
    np.testing.assert_allclose(instruct.merge_lora(tiny).predict(x, verbose=0), after, atol=1e-4)


def test_an_asker_writes_what_the_network_finds_likeliest_and_stops_at_the_end(tiny):
    asker = asking.Asker(tiny, ALPHABET)
    texts = ["12+34?", "Romeo?"]
    for random in (None, np.random.default_rng(1)):
        answers, logs = asker.ask(texts, random)
        for text, answer, log in zip(texts, answers, logs, strict=True):
            row = encode(USER + text + ANSWER + answer, ALPHABET)
            said = tiny.predict(np.pad(row, (0, 64 - len(row)))[None], verbose=0)[0]
            begin = len(row) - len(answer)
            of_answer = np.log(keras.ops.softmax(said))[np.arange(begin, len(row)) - 1]
            chosen = of_answer[np.arange(len(answer)), row[begin:]]
            assert chosen.sum() == pytest.approx(log, abs=1e-3)
            assert random or (of_answer.argmax(axis=1) == row[begin:]).all()
            assert answer.find(END) in (-1, len(answer) - 1)
    many, _ = asker.ask(["1+1?"] * 50, np.random.default_rng(1))
    assert len({*many}) > 40 and any(one.endswith(END) for one in many)
    said = asker.ask(texts)[0]
    tiny.set_weights([-weights for weights in tiny.get_weights()])
    assert asker.ask(texts)[0] == said
    asker.take_weights(tiny)
    assert asker.ask(texts)[0] != said
    old, new = (x.get_layer("block_1_attention") for x in (asker.reader.network, tiny))
    np.testing.assert_array_equal(old.query.kernel, new.query.kernel)


def test_right_answers_are_counted_by_kind_and_beside_how_sure_the_network_is():
    some = [Question("sum", f"{n}+1?", f"{n}:{n + 1}|") for n in range(10)]
    answers = [f"{n}:{n + 1 if n < 5 else 0}|" for n in range(9)] + ["x:10"]  # the last has no end
    asker = Mock(ask=lambda texts: (answers, np.log(np.linspace(1, 0.1, 10))))
    found = asking.judge(asker, some)
    assert found["kinds"] == {"sum": 0.5}
    assert found["sure"]["right"] == [0, 0, 0.5, 1, 1]
    assert found["sure"]["said"] == pytest.approx([0.15, 0.35, 0.55, 0.75, 0.95])
    assert found["gap"] == pytest.approx((0.15 + 0.35 + 0.05 + 0.25 + 0.05) / 5)


def test_the_loss_of_preferences_is_that_of_the_paper(tiny, eagerly):
    better = [Question("sum", "1+1?", "2|"), Question("sum", "2+2?", "4|")]
    worse = [one._replace(answer="7777|") for one in better]
    other = asking.copy_of(tiny)
    for layer in other.layers:
        layer.set_weights([1.1 * weights for weights in layer.get_weights()])
    logs = [
        [prefer.logs_of(model, side, ALPHABET) for side in (better, worse)]
        for model in (tiny, other)
    ]
    one = tiny.predict(asking.as_rows(better, ALPHABET)[0], verbose=0)[0]
    shares = np.log(keras.ops.softmax(one))  # by hand: < 1 + 1 ? > 2 |
    by_hand = shares[5, ALPHABET.index("2")] + shares[6, ALPHABET.index(END)]
    assert logs[0][0][0] == pytest.approx(by_hand, abs=1e-4)
    (a, b), (c, d) = logs
    expected = np.mean(np.log(1 + np.exp(-prefer.BETA * ((c - a) - (d - b)))))
    model = asking.copy_of(other, prefer.Preferring)
    sides = zip(*(asking.as_rows(side, ALPHABET) for side in (better, worse)), strict=True)
    pairs = [np.stack(two, axis=1).reshape(-1, questions.PLACES) for two in sides]
    y = {"tokens": pairs[1], "counts": pairs[2], "reference": np.stack([a, b], axis=1).reshape(-1)}
    model.compile()
    assert model.evaluate(pairs[0], y, verbose=0) == pytest.approx(expected, abs=1e-5)
    learned = asking.copy_of(tiny, prefer.Preferring)
    rows = prefer.pair_batches(tiny, (better, worse), ALPHABET, 1)
    learned.compile(keras.optimizers.Adam(0.003))
    for _ in range(10):
        learned.train_on_batch(*next(rows))
    (e, f) = (prefer.logs_of(learned, side, ALPHABET) for side in (better, worse))
    assert ((e - f) > (a - b)).all(), "the better answers have become likelier beside the worse"


def test_pairs_are_of_wrong_answers_beside_right_ones():
    some = [Question("sum", "1+1?", "2:2|"), Question("sum", "1+2?", "3:3|")]
    some.append(Question("sum", "1+3?", "4:4|"))
    said = ["9:2|"] * 4 + ["4:4|", "5:5|", "8:3|", "3:3|"] + ["5:5|"] * 4
    better, worse = prefer.make_pairs(Mock(ask=lambda texts, random: (said, None)), some, None)
    assert better == [some[1]._replace(answer="8:3|"), some[2]], "a right one of its own, if any"
    assert [one.answer for one in worse] == ["4:4|", "5:5|"]
    assert [one.text for one in worse] == [one.text for one in better]


def test_what_is_better_than_its_group_becomes_likelier(tiny, eagerly):
    rewards = np.array([[1.0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    found = reward.advantages(rewards)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(found[:2].std(axis=1), 1)
    assert (found[2:] == 0).all() and (found[:2][rewards[:2] == 1] > 0).all()
    some = [Question("sum", "1+1?", "2|"), Question("sum", "1+1?", "3|")]
    model = asking.copy_of(tiny, reward.Rewarded)
    x, y, counts = asking.as_rows(some, ALPHABET)
    about = {"tokens": y, "counts": counts, "advantages": np.array([1.0, -1.0], "float32")}
    before = prefer.logs_of(tiny, some, ALPHABET)
    loss = float(model.compute_loss(y=about, y_pred=model(x)))
    assert loss == pytest.approx(-(before * [1, -1]).mean(), abs=1e-4)
    prefer.learn(model, itertools.repeat((x, about)), 0.001, 0.3)
    after = prefer.logs_of(asking.copy_of(model), some, ALPHABET)
    assert after[0] > before[0] and after[1] < before[1]


def test_trials_are_of_the_network_as_it_is_and_only_groups_with_both_teach(tiny, monkeypatch):
    monkeypatch.setattr(reward, "GROUPS", 2)
    some = [Question("sum", "1+1?", "2:2|"), Question("sum", "1+2?", "3:3|")]
    answers = ["2:2|", *["9:9|"] * 7, *["3:3|"] * 8]
    asker = Mock(ask=lambda texts, random: (answers if texts[0] == "1+1?" else [], None))
    monkeypatch.setattr(
        reward.np.random, "default_rng", lambda seed: Mock(integers=lambda *_, **__: [0, 1])
    )
    gained = []
    x, about = next(reward.trial_batches(tiny, asker, some, ALPHABET, 1, gained))
    asker.take_weights.assert_called_once_with(tiny)
    assert gained == [9 / 16] and x.shape == (16, questions.PLACES)
    assert about["advantages"][0] > 0 and (about["advantages"][1:8] < 0).all()
    assert (about["advantages"][8:] == 0).all()


def test_a_conversation_keeps_the_newest_questions_and_no_one_forges_the_format():
    talk = "<1+1?>2|<2+2?>4|<3+3?>"
    assert chat.shorten(talk, 22) == talk and chat.shorten(talk, 15) == "<2+2?>4|<3+3?>"
    assert chat.shorten(talk, 3) == "<3+3?>"
    assert chat.problem_of("1+1?", ALPHABET, 20) is None
    for bad, why in (("1>2|", "belongs to the format"), ("é", "never seen"), ("a" * 20, "18 fit")):
        assert why in chat.problem_of(bad, ALPHABET, 20)


def test_the_chat_answers_and_bad_questions_end_with_one_line(run_main, tiny, capsys):
    run = {"load_answering": lambda _: (asking.copy_of(tiny, context=128), {"alphabet": ALPHABET})}
    _, said = run_main("text/answers/chat.py", "--ask", "1+1?", "Romeo?", "--show", **run)
    assert [turn["question"] for turn in said["turns"]] == ["1+1?", "Romeo?"]
    for turn in said["turns"]:
        assert len(turn["likely"]) == len(turn["answer"]) and min(turn["likely"]) > 0
    printed = capsys.readouterr().out
    assert "You: Romeo?" in printed and "%" in printed
    with pytest.raises(SystemExit, match="belongs to the format"):
        run_main("text/answers/chat.py", "--ask", "1|<", **run)


@pytest.mark.parametrize(
    ("tokens", "said"),
    [(["a"], "has not learned to answer"), (["a", "ab"], "reads pieces of words")],
)
def test_a_network_that_cannot_answer_is_refused(tokens, said, monkeypatch):
    monkeypatch.setattr(asking, "load_run", lambda _: (None, {"alphabet": tokens}, "folder"))
    assert said in failure(asking.load_answering, "run")


def test_a_network_with_a_vector_for_each_place_is_refused():
    older = build_gpt(len(ALPHABET), questions.PLACES, 16, 2, 1, GPT2)
    assert "rotary positions" in failure(asking.copy_of, older)


def test_the_networks_that_come_with_the_book_are_small_and_have_learned(made, eagerly):
    for run in (characters.PRETRAINED, asking.ANSWERS):
        assert sum(file.stat().st_size for file in run.iterdir()) < 4e6
    model, settings, _ = characters.load_run(characters.PRETRAINED)
    some = characters.text_of_run(settings).validation[:3_000]
    assert characters.token_losses(model, some).mean() < 1.45  # n-grams of seven: 1.50
    model, settings = asking.load_answering(asking.ANSWERS)
    sums = [one for one in made["test"] if one.kind == "sum" and len(one.text) == 6][:40]
    assert asking.judge(asking.Asker(model, settings["alphabet"]), sums)["kinds"]["sum"] > 0.8


@pytest.mark.parametrize("script", ["instruct", "prefer", "reward"])
def test_a_rung_of_the_ladder_does_what_is_on_file(
    script, made, rows, recorder, run_main, tmp_path, monkeypatch
):
    """Some answers are right; a training takes a few steps; the end of the text lacks letters."""
    few = {
        part: [q for kind in questions.FORMS for q in [q for q in some if q.kind == kind][:20]]
        for part, some in made.items()
    }
    right = {one.text: one.answer for one in itertools.chain(*few.values())}

    def ask(asker, texts, random=None):
        luck = np.array([zlib.crc32(text.encode()) % 97 / 98 + 0.01 for text in texts])
        luck = (luck + random.random(len(texts))) % 1 if random else luck
        told = [right[text] if one > 0.6 else "9|" for text, one in zip(texts, luck, strict=True)]
        return told, np.log(luck)

    def fit(model, batches, steps_per_epoch, **options):
        rows.trainings += 1
        recorder.calls.append(["fit", records.settings(model, steps=steps_per_epoch, **options)])
        for batch in itertools.islice(batches, 2):
            model.train_on_batch(*batch)

    make, first = Mock(return_value=few), build_gpt(len(ALPHABET), questions.PLACES, 8, 2, 1)
    rows.answer, text, folder = test_records.answer, tmp_path / "text.txt", tmp_path / "run"
    text.write_text(LETTERS * 200 + "\n !,." * 300, encoding="utf-8")
    monkeypatch.setattr(asking.Asker, "ask", ask)
    monkeypatch.setattr(keras.Model, "fit", fit)
    monkeypatch.setattr(prefer.time, "process_time", itertools.count(0, 0.3).__next__)
    monkeypatch.setattr(prefer.tune_and_learn, "__defaults__", ([0.0001, 0.001],))
    settings = {"data": str(text), "sha256": file_sha256(text), "questions": 3, "steps": 1}
    settings |= {"batch_size": 1, "seed": 1}
    settings["alphabet"] = [*(sorted({*LETTERS, "'"}) if script == "instruct" else ALPHABET)]
    monkeypatch.setattr(asking, "load_run", lambda name: (first, settings, name))
    small = {"RATES": [0.001], "make_questions": make}
    of_lora = {"RATES_OF_LORA": [0.01], "ANSWERS": tmp_path / "nobody ships"}
    small |= {"instruct": of_lora, "reward": {"SHOWN": 2}}.get(script, {})
    options = {"instruct": ["--ways", *instruct.WAYS], "prefer": ["--questions", 20]}
    options = options.get(script, []) + ([] if script == "instruct" else ["--seconds", 1])
    _, found = run_main(f"text/answers/{script}.py", *options, "--seed", 2, **small)
    more = [told for _, told in recorder.calls[records.MOST :]]
    means = [[one[-2:] for one in told if isinstance(one, list)] for told in more]
    recorder.results += [found, make.call_args.args, means]
    monkeypatch.undo()
    assert asking.load_answering(folder)[1]["questions"] == (2 if script == "instruct" else 3)
