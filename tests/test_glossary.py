"""The glossary: in order, short, and linked from the chapters that explain its terms."""

import re

import pytest
from conftest import ROOT

from book.pages.texts import READMES

GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
# {term: what the glossary says}
TERMS = dict(re.findall(r"^## (.+)\n\n((?:.+\n?)+)", GLOSSARY, re.MULTILINE))
CHAPTERS = READMES[1:]


def anchor(term):
    return re.sub(r"[^\w -]", "", term.lower()).replace(" ", "-")


def test_terms_are_in_order_and_explained_in_a_sentence_or_two():
    assert list(TERMS) == sorted(TERMS, key=str.lower) and len(TERMS) >= 90
    assert GLOSSARY.count("\n## ") == len(TERMS)
    for term, explanation in TERMS.items():
        words, _, home = explanation.rstrip().rpartition("[")
        home_of = r"[^\]]+\]\(([a-z/]+/README|HOW_THIS_BOOK_KNOWS)\.md#[\w-]+\)"
        assert re.fullmatch(home_of, home), term
        assert len(re.findall(r"[.?!](?:\s|$)", words)) <= 3 and len(words) <= 260, term


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_chapter_links_to_the_terms_that_it_explains(chapter):
    name = chapter.relative_to(ROOT).as_posix()
    explained = {anchor(term) for term, text in TERMS.items() if f"({name}#" in text}
    text = chapter.read_text(encoding="utf-8")
    labels = re.findall(r"^\[(.+)\]: \S+GLOSSARY\.md#([\w-]+)$", text, re.MULTILINE)
    linked = [to for _, to in labels]
    assert explained - set(linked) == set()
    assert set(linked) <= {anchor(term) for term in TERMS}
    assert len(linked) == len(set(linked)), "only the first use of a term is linked"
    words = " ".join(text.lower().split())
    for label, _ in labels:
        assert words.count(f"[{label}]") >= 2, f"{label}: once in the text, once below it"
