"""Sentences that compare, and the results that they rest on."""

import pytest
from conftest import ROOT

from book.pages import texts
from book.pages.results import values_of

PAGES = [page for page in texts.PAGES if page.with_suffix(".claims.toml").exists()]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.fixture
def book(load_script):
    return load_script("book/pages/claims.py")


@each_page
def test_what_a_page_claims_holds(page, book):
    """If this fails, a new result has overturned a sentence: rewrite it, or measure again."""
    overturned = []
    for sentence, condition in book.read_claims(page).items():
        values = values_of(condition)
        if not book.holds(condition, values):
            overturned.append(book.describe(sentence, condition, values))
    assert not overturned, "\n".join(overturned)


@each_page
def test_each_claim_has_its_sentence(page, book):
    """If this fails, a sentence has changed: does its condition still fit? Then change the key."""
    lost = book.find_lost(book.read_claims(page), page.read_text("utf-8"))
    assert not lost, "\n".join(lost)


def test_no_claim_stands_where_nobody_looks():
    files = {path for path in ROOT.rglob("*.claims.toml") if ".venv" not in path.parts}
    assert files == {page.with_suffix(".claims.toml") for page in PAGES}


def changed(value, factor):
    """Return a value, or all that it holds, times a factor; in place of 0 the factor itself."""
    if isinstance(value, list):
        return [changed(one, factor) for one in value]
    if isinstance(value, str):
        return f"not {value}"
    return not value if isinstance(value, bool) else (value or 1) * factor


@each_page
def test_other_results_would_overturn_it(page, book):
    """Each value that a claim names matters: one that is quite different overturns it."""
    for sentence, condition in book.read_claims(page).items():
        values = values_of(condition)
        for path, value in values.items():
            others = [values | {path: changed(value, factor)} for factor in (-10, 0.01, 100, 1e18)]
            assert not all(book.holds(condition, one) for one in others), (path, sentence)


RESULTS = {"a": {"x": 2, "y": [1, 3], "z": {"u": {"n": 5}, "v": {"n": 7}}, "b, c": 4, "w": "u"}}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("3 < a.z.v.n / a.x < 4", True),
        ("3 < a.z.u.n / a.x < 4", False),
        ("a.z.u.n == min(a.z.*.n) and not a.x > 2", True),
        ("max(a.y.*) <= a.x", False),
        ("mean(a.y) == a.x or a.x < 0", True),
        ("abs(-a.x - 0.5) == 2.5", True),
        ("len(a.z.*.n) == a.y.1 - 1", True),
        ("a.'b, c' / a.x == 2", True),
        ("a.w == 'u'", True),
        ("a.w == 'v'", False),
        ("min(differences(a.z.*.n, a.y)) > 3", True),
    ],
)
def test_conditions_are_evaluated(book, condition, holds):
    assert book.holds(condition, values_of(condition, RESULTS.get)) == holds


@pytest.mark.parametrize(
    "condition",
    ["a.x", "open(1) > 0", "a.x.__class__ > 1", "a.x ** 9 > 1", "[1] < a.y", "'b' < 1", "b > 1"],
)
def test_nothing_else_is(book, condition):
    with pytest.raises((ValueError, TypeError)):
        book.holds(condition, values_of(condition, RESULTS.get))


def test_a_sentence_is_found_whatever_its_numbers_are(book):
    text = "# A\n\nIt takes 4<!-- a.x .0f --> times\n*longer*.<!-- not run: x --> More. It is less."
    claims = {"It takes # times *longer*.": "a.x > 3", "It is more.": "a.x > 2"}
    assert book.find_lost(claims, text) == ["It is more.\n    now perhaps: It is less."]
    assert book.find_lost({"It": "a.x > 1"}, text), "it stands there twice"
    condition = claims["It takes # times *longer*."]
    said = book.describe("It is.", condition, values_of(condition, RESULTS.get))
    assert said == "It is.\n    a.x > 3\n    a.x = 2"
