"""Sentences that compare, and the results that they rest on."""

import pytest
from conftest import ROOT

from book import texts

PAGES = [page for page in texts.PAGES if "<!-- claim: " in page.read_text("utf-8")]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.fixture
def book(load_script):
    return load_script("book/claims.py")


@each_page
def test_what_a_page_claims_holds(page, book):
    """If this fails, a new result has overturned a sentence: rewrite it, or measure again."""
    overturned = []
    for claim in book.find_claims(page.read_text("utf-8"), page.relative_to(ROOT)):
        values = book.values_of(claim.condition)
        if not book.holds(claim.condition, values):
            overturned.append(book.describe(claim, values))
    assert not overturned, "\n".join(overturned)


def test_no_claim_stands_where_nobody_looks():
    places = ("*.md", "[a-z]*/*.md", "[a-z]*/[a-z]*/*.md")
    found = {path for place in places for path in ROOT.glob(place)} - {ROOT / "CONTRIBUTING.md"}
    assert {path for path in found if "<!-- claim: " in path.read_text("utf-8")} == {*PAGES}


def test_a_comment_that_breaks_over_two_lines_is_seen(book, load_script):
    (claim,) = book.find_claims("It is more.<!--\nclaim: 1 <\n2 -->", "page")
    assert claim.condition == "1 < 2"
    text = "{}<!--\nxor.parameters d -->"
    assert load_script("book/readme.py").bring_up_to_date(text.format(0)) == text.format(65)


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
    for claim in book.find_claims(page.read_text("utf-8"), page.relative_to(ROOT)):
        values = book.values_of(claim.condition)
        for path, value in values.items():
            others = [values | {path: changed(value, factor)} for factor in (-10, 0.01, 100, 1e18)]
            assert not all(book.holds(claim.condition, one) for one in others), (path, claim)


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
    assert book.holds(condition, book.values_of(condition, RESULTS.get)) == holds


@pytest.mark.parametrize(
    "condition",
    ["a.x", "open(1) > 0", "a.x.__class__ > 1", "a.x ** 9 > 1", "[1] < a.y", "'b' < 1", "b > 1"],
)
def test_nothing_else_is(book, condition):
    with pytest.raises((ValueError, TypeError)):
        book.holds(condition, book.values_of(condition, RESULTS.get))


def test_a_claim_is_told_with_its_sentence_and_its_values(book):
    text = "# A\n\nOne. It takes *longer*\nby far.<!-- a.x .0f --><!-- claim: a.x > 3 --> More.\n"
    (claim,) = book.find_claims(text, "A.md")
    assert claim == ("A.md:4", "It takes *longer* by far.", "a.x > 3")
    said = book.describe(claim, book.values_of(claim.condition, RESULTS.get))
    assert said == "A.md:4: It takes *longer* by far.\n    a.x > 3\n    a.x = 2"
