"""Sentences that compare, the results that they rest on, and tables that are made of them."""

import pytest
from conftest import ROOT

from book.pages import claims, printed, results, tables, texts

PAGES = [page for page in texts.PAGES if page.with_suffix(".claims.toml").exists()]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


@each_page
def test_what_a_page_claims_holds(page):
    """If this fails, a new result has overturned a sentence: rewrite it, or measure again."""
    overturned = []
    for sentence, condition in claims.read_claims(page).items():
        values = results.values_of(condition)
        if not claims.holds(condition, values):
            overturned.append(claims.describe(sentence, condition, values))
    assert not overturned, "\n".join(overturned)


@each_page
def test_each_claim_has_its_sentence(page):
    """If this fails, a sentence has changed: does its condition still fit? Then change the key."""
    lost = claims.find_lost(claims.read_claims(page), page.read_text("utf-8"))
    assert not lost, "\n".join(lost)


def changed(value, factor):
    """Return a value, or all that it holds, times a factor; in place of 0 the factor itself."""
    if isinstance(value, list):
        return [changed(one, factor) for one in value]
    if isinstance(value, str):
        return f"not {value}"
    return not value if isinstance(value, bool) else (value or 1) * factor


@each_page
def test_other_results_would_overturn_it(page):
    """Each value that a claim names matters: one that is quite different overturns it."""
    for sentence, condition in claims.read_claims(page).items():
        values = results.values_of(condition)
        for path, value in values.items():
            others = [values | {path: changed(value, factor)} for factor in (-10, 0.01, 100, 1e18)]
            assert not all(claims.holds(condition, one) for one in others), (path, sentence)


def test_no_claim_or_table_stands_where_nobody_looks():
    for kind in ("claims", "tables"):
        files = {path for path in ROOT.rglob(f"*.{kind}.toml") if ".venv" not in path.parts}
        assert files <= {page.with_suffix(f".{kind}.toml") for page in texts.PAGES}
    shown = "".join(page.read_text("utf-8") for page in texts.PAGES)
    assert [name for name in tables.declared() if f"<!-- table: {name} -->" not in shown] == []


RESULTS = {"a": {"x": 2, "y": [1, 3], "z": {"u": {"n": 5}, "v": {"n": 7}}, "b, c": 4, "w": "u"}}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("3 < a.z.v.n / a.x < 4", True),
        ("3 < a.z.u.n / a.x < 4", False),
        ("a.z.u.n == min(a.z.*.n) and not a.x > 2", True),
        ("max(a.y.*) <= a.x", False),
        ("len(a.z.*.n) == a.y.1 - 1 and a.y.max == 3", True),
        ("a.'b, c' / a.x == 2 and a.w == 'u'", True),
        ("min(differences(a.z.*.n, a.y)) > 3", True),
    ],
)
def test_conditions_are_evaluated(condition, holds):
    assert claims.holds(condition, results.values_of(condition, RESULTS.get)) == holds


def test_a_sentence_is_found_whatever_its_numbers_are():
    text = "# A\n\nIt takes 4<!-- a.x .0f --> times\n*longer*.<!-- not run: x --> More. It is less."
    known = {"It takes # times *longer*.": "a.x > 3", "It is more.": "a.x > 2"}
    assert claims.find_lost(known, text) == ["It is more.\n    now perhaps: It is less."]
    assert claims.find_lost({"It": "a.x > 1"}, text), "it stands there twice"


def test_a_table_that_lacks_a_value_is_not_made(monkeypatch):
    monkeypatch.setattr(tables, "look_up", lambda path: results.look_up(path, RESULTS.get))
    values = lambda path: results.values_of(path, RESULTS.get)  # noqa: E731
    monkeypatch.setattr(tables, "values_of", values)
    table = {"rows": "a.z", "sort": "-.n", "table": "name | n | m\n{@} | {.n:.1f} | {.m:d?}"}
    monkeypatch.setattr(tables, "declared", lambda: {"t": table})
    assert tables.make_table("t").splitlines()[2:] == ["| v | 7.0 |  |", "| u | 5.0 |  |"]
    for key, value in (("only", ["u", "x"]), ("table", "name | m\n{@} | {.m}")):
        monkeypatch.setattr(tables, "declared", lambda new={key: value}: {"t": table | new})
        with pytest.raises(ValueError, match=r"lacks some|no value for \.m"):
            tables.make_table("t")


def test_blocks_hold_what_was_printed_line_by_line(monkeypatch):
    pages = [page.read_text("utf-8") for page in texts.PAGES]
    marked = {one[1] for page in pages for one in printed.PRINTED.findall(page)}
    kept = {name for name in marked if "printed" in results.load_results(name)["provenance"]}
    assert marked == kept
    lines = ["epoch 1 loss 0.5", "epoch 2 loss 0.4", "0.4 in the end", "Done."]
    monkeypatch.setattr(printed, "load_results", lambda _: {"provenance": {"printed": lines}})
    page = "<!-- printed: a -->\n```text\n{}\n```\n"
    shown = page.format("epoch 2 loss 0.3\n0.3 in the end")
    assert printed.print_anew(shown) == page.format("epoch 2 loss 0.4\n0.4 in the end")
    assert printed.print_anew(page.format("epoch 1 loss 0.5\n...\nDone.")).count("\n") == 6
    for missing in ("epoch 1 loss 0.5\nDone.", "epoch 1 loss 0.5\n0.5 in the end", "Start."):
        with pytest.raises(LookupError, match="does not print, or not there: "):
            printed.print_anew(page.format(missing))
