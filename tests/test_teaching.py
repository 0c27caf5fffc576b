"""What a teacher uses: exams that are drawn, and the copy without answers."""

import re
from functools import partial, partialmethod

import keras
import numpy as np
import pytest
from conftest import ROOT, render

from book.editions import student_copy
from book.pages.texts import FENCE
from teaching import exam

CASES = [
    pytest.param(question, case, id=f"{question['kind']}, {case['topic']}")
    for question in exam.WORDS["questions"]
    for case in question["cases"]
    if "code" in case
]


def test_the_variants_differ_in_each_question_and_have_45_points():
    for seed in (3, 4, 2**32 - 1):
        papers = exam.draw(seed)
        for paper in papers.values():
            assert sum(one["points"] for one in paper) == 45
            assert sum(one["points"] for one in paper if one["code"]) == 15
            assert len({one["topic"] for one in paper}) == len(paper), "two questions are alike"
            assert [one["lesson"] for one in paper] == sorted(one["lesson"] for one in paper)
        for a, b in zip(papers["A"], papers["B"], strict=True):
            assert a["kind"] == b["kind"] and a["points"] == b["points"]
            assert a["answer"] != b["answer"] and (a["ask"], a["code"]) != (b["ask"], b["code"])
            if a["kind"] in exam.DRAWN:
                differ = exam.DRAWN[a["kind"]][1]
                assert all(a["numbers"][key] != b["numbers"][key] for key in differ)
            else:
                assert a["topic"] != b["topic"], "the cases, where numbers alone are not enough"


def test_whatever_the_first_variant_has_numbers_are_left_for_the_second():
    for candidates, keys in exam.DRAWN.values():
        for one in candidates[::3]:
            assert any(all(one[key] != other[key] for key in keys) for other in candidates), one


@pytest.fixture(scope="module")
def all_questions():
    """Return each case with each row of its numbers, and some of those that are computed."""
    found = []
    for question in exam.WORDS["questions"]:
        for case in question["cases"]:
            rows = case.get("numbers", [{}])
            if question["kind"] in exam.DRAWN:
                rows = exam.DRAWN[question["kind"]][0]
                rows = rows[:: max(1, len(rows) // 4)]
            found += [exam.fill_in(question, case, row) for row in rows]
    return found


def squared_error(numbers, weight):
    return (weight * numbers["x"] - numbers["target"]) ** 2


def test_what_is_computed_by_hand_is_right(all_questions):
    """Found in another way than in the key."""
    for one in all_questions:
        n, said = one["numbers"], one["answer"].replace(",", "")
        match one["kind"]:
            case "neuron":
                total = np.dot(n["x"], n["w"]) + n["b"]
                assert f"= {total:g} (1)" in said and ("More:" in said) == (
                    1 / (1 + np.exp(-total)) > 0.5
                )
                assert ("leaves it so" in said) == (max(total, 0) == total)
            case "step":
                loss = partial(squared_error, n)
                slope = (loss(n["w"] + 1e-4) - loss(n["w"] - 1e-4)) / 2e-4
                assert slope == pytest.approx(n["gradient"])
                assert re.search(rf"= {loss(n['w'])} \(1\)", said)
                for rate in (0.1, 1):
                    assert f"= {loss(n['w'] - rate * n['gradient']):.6g}" in said
                assert f"= {n['w'] - 0.1 * n['gradient']:.6g};" in said
            case "customers":
                leaves = np.arange(n["n"]) < n["leave"]
                named = np.roll(np.arange(n["n"]) < n["named"], n["leave"] - n["right"])
                right = leaves & named
                assert f"{100 * (leaves == named).mean():g} %; {100 * (~leaves).mean():g} %" in said
                assert f"= {100 * right.sum() / named.sum():g} %, recall".replace(",", "") in said
                assert f"= {100 * right.sum() / leaves.sum():g} % (2)" in said
                saved = n["leave"] * n["lost"] - (leaves & ~named).sum() * n["lost"]
                assert f"= {saved - (named & ~leaves).sum() * n['call']} (2)" in said
            case "convolution":
                row = np.reshape(n["row"], (1, 7, 1)).astype("float32")
                sums = keras.ops.conv(row, np.reshape(n["kernel"], (2, 1, 1)).astype("float32"))
                relu = keras.ops.relu(sums)
                for map_ in (sums, relu, keras.ops.max_pool(relu, 2, 2)):
                    assert "`" + " ".join(f"{one:g}" for one in np.ravel(map_)) + "` (1)" in said
            case "summary":
                side, out = n["size"] - n["kernel"] + 1, n["filters"]
                numbers = out * (n["kernel"] ** 2 * n["channels"] + 1)
                flat = side // 2 * (side // 2) * out
                assert f"{side} × {side} × {out}; {side // 2} × {side // 2} × {out}; {flat}" in said
                assert f"= {numbers};" in said and f"= {n['classes'] * (flat + 1)} (2)" in said
            case "text":
                loss = {"nats": f"ln {n['n']} nats", "bits": f"{np.log2(n['n']):g} bits"}[n["unit"]]
                assert f"{loss} (1)" in said and f"perplexity of {n['n']} (1)" in said


def test_what_a_schedule_prints_is_right(all_questions):
    shares = {
        "exponential": (1 / 2, 1 / 4, 1 / 8), "staircase": (1, 1 / 2, 1 / 8),
        "linear": (3 / 4, 1 / 2, 0), "cosine": (1, 1 / 2, 0),
    }  # fmt: skip
    for one in all_questions:
        if one["kind"] == "schedule":
            rate, factor = one["numbers"]["rate"], one["numbers"].get("factor")
            of_it = shares.get(one["topic"]) or (1, 1 / factor, 1 / factor**2)
            said = [float(word) for word in one["answer"].split(" (1 each)")[0].split(", ")]
            assert said == pytest.approx([rate * share for share in of_it]), one["topic"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@pytest.mark.parametrize(("question", "case"), CASES)
def test_code_does_what_the_key_says(question, case, monkeypatch):
    """It runs, or the key would explain what cannot happen; an epoch is enough."""
    fit, compile_ = keras.Sequential.fit, keras.Sequential.compile
    monkeypatch.setattr(keras.Sequential, "fit", lambda *data, **_: fit(*data, epochs=1, verbose=0))
    monkeypatch.setattr(keras.Sequential, "compile", partialmethod(compile_, run_eagerly=True))
    for row in case.get("numbers", [{}]):
        keras.utils.set_random_seed(1)
        one = exam.fill_in(question, case, row)
        names = {**exam.run(one["setup"])}
        exec(one["code"], names)
        assert eval(one["shows"].replace("\n", " "), names), one["code"]
        assert 4 <= len(one["code"].split("\n")) <= 8


def test_the_printed_exam_is_one_that_is_drawn():
    for path, text in exam.sample().items():
        assert path.read_text(encoding="utf-8") == text, "run python teaching/exam.py --sample"
    paper = render(ROOT / "teaching" / "EXAM.md")
    assert paper.count("<pre>") == 8 and "<ul>" not in paper and "<ol" not in paper


def test_papers_and_keys_are_written_apart(tmp_path, capsys):
    papers = exam.main(["--seed", "2027", "--outputs", str(tmp_path)])
    capsys.readouterr()
    texts = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("[!.]*")}
    names = {
        f"{kind}_{one}.{end}" for kind in ("exam", "key") for one in "AB" for end in ("md", "html")
    }
    assert set(texts) == names
    for one, questions in papers.items():
        for end in ("md", "html"):
            paper, key = (
                " ".join(texts[f"{kind}_{one}.{end}"].split()) for kind in ("exam", "key")
            )
            assert "2027" not in paper and "2027" in key
            for question in questions:
                form = str if end == "md" else exam.marked
                assert form(question["ask"]) in paper and form(question["answer"]) in key
                assert question["answer"] not in paper


def test_a_copy_without_answers_asks_all_the_same_questions(tmp_path, capsys):
    folder, taken = tmp_path / "class", 0
    student_copy.main([str(folder), "--without-answers"])
    for page in folder.rglob("*.md"):
        before = (ROOT / page.relative_to(folder)).read_text(encoding="utf-8")
        after, end = page.read_text(encoding="utf-8"), 0
        for part in re.split(r"(<details>.*?</details>)", before, flags=re.DOTALL):
            whole = re.sub(r",\s+then unfold\.", ".", part)
            question = re.search(r"<summary>(.*?)</summary>(.*)</details>", part, re.DOTALL)
            stays = whole if whole in after[end:] or not question else question[1]
            end = after.index(stays, end) + len(stays)  # nothing else is changed, or lost
            if stays != whole:
                taken += 1
                lines = [line for line in question[2].split("\n") if len(line) > 60]
                assert not [one for one in lines if one in after and before.count(one) == 1], page
                assert not re.search(r'^#+ |<a id="', FENCE.sub("", question[2]), re.MULTILINE)
    pages = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*.md")
    }
    quizzes = [re.split(r"^#+ Quiz$", text, flags=re.MULTILINE) for text in pages.values()]
    asked = [text[1].partition("\n#")[0] for text in quizzes if len(text) == 2]
    assert len(asked) == 29 and not any("<details>" in text for text in asked)
    assert "unfold what" not in "".join(pages.values())
    assert taken > 150 and "<summary>The formula with padding" in pages["cnn/README.md"]
    assert not list(folder.rglob("*.claims.toml")), "which quote answers"
    capsys.readouterr()
