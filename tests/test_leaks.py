"""Which rows reach what learns, what chooses and what judges: no part is in two of them."""

import re

import pytest

LEARN_AND_JUDGE = "(fit train; predict validation; )+"


@pytest.mark.parametrize(
    ("script", "options", "story"),
    [
        ("cnn/residual.py", "--seeds 1", "(fit train; evaluate validation; )+"),
        ("cnn/shifts.py", "", LEARN_AND_JUDGE),
        ("customizing/loops/branches.py", "--seeds 1", LEARN_AND_JUDGE),
        (
            "customizing/loops/distill.py",
            "--seeds 1",
            f"predict train; predict validation; {LEARN_AND_JUDGE}",
        ),
        (
            "customizing/use_parts.py",
            "--seeds 1",
            "(fit train; evaluate validation; )+predict validation; ",
        ),
    ],
)
def test_each_part_of_mnist_goes_where_it_belongs(
    numbered_digits, rows, load_script, tmp_path, script, options, story
):
    load_script(script).main([*options.split(), "--outputs", str(tmp_path)])
    assert re.fullmatch(story, rows.story())
