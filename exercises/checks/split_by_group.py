import hypothesis
import numpy as np
from hypothesis import strategies as st

from exercises.bench import expect, short

RESULTS = ("train", "validation")
HINTS = [
    "Shuffle the writers, and not the images. Then take one writer after the other.",
    "`np.unique` has each writer once, and the `permutation` of a generator with the given seed "
    "shuffles them. Where `groups` equals a writer are the writer's images.",
    "Keep an array of n times False, and make it True where a chosen writer's images are, until "
    "there are enough images. `np.flatnonzero` returns the numbers of the places that are True; "
    "those that are False train.",
]


def check(ask):
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(400, 430), random.integers(1, 12, size=30))
    random.shuffle(groups)
    everything, largest = np.arange(len(groups)), np.bincount(groups).max()
    for share in (0.1, 0.3, 0.3, 0.5):
        seed = int(random.integers(1000))
        parts = ask(groups, share, seed, free=True)
        for part, name in zip(parts, RESULTS, strict=True):
            expect(
                part.dtype.kind in "iu" and part.ndim == 1,
                f"`{name}` should hold the numbers of the images, which are whole, in one row.",
                hint=3,
            )
            expect(
                ((part >= 0) & (part < len(groups))).all(),
                f"`{name}` holds a number that no image has: they go from 0 to n - 1. Are these "
                "writers?",
                hint=3,
            )
            expect(
                len(np.unique(part)) == len(part),
                f"An image is in `{name}` more than once. Was a writer drawn twice?",
                hint=2,
            )
        train, validation = parts
        expect(
            not np.intersect1d(train, validation).size,
            "Some images are in both parts: the network would be tested on what it has learned.",
            hint=3,
        )
        shared = np.intersect1d(groups[train], groups[validation])
        expect(
            not shared.size,
            f"Both parts have images by the same writers (by {len(shared)}): "
            "the network would be tested on hands that it knows. That is the leak.",
        )
        left = np.setdiff1d(everything, np.concatenate(parts))
        expect(not left.size, f"Images are lost ({len(left)}): they are in neither part.", hint=3)
        wanted = share * len(groups)
        expect(
            abs(len(validation) - wanted) <= abs(len(train) - wanted) or share == 0.5,
            "The parts have changed places: it is the second that should hold the share.",
            hint=3,
        )
        writers = len(np.unique(groups[validation])) / len(np.unique(groups))
        expect(
            len(validation) >= wanted,
            f"The validation part has {len(validation)} images, "
            f"less than the share {share} of {len(groups)}."
            + " Is it a share of the images, or of the writers?"
            * (writers >= share),
            hint=3,
        )
        expect(
            len(validation) < wanted + largest,
            f"The validation part has {len(validation)} "
            f"images, more than the share {share} of {len(groups)} and a last writer. Is it a "
            "share of the images, or of the writers?",
            hint=3,
        )
        again = ask(groups, share, seed, free=True)
        expect(
            all(map(np.array_equal, parts, again)),
            "The same seed gives another split each time.",
            hint=2,
        )
    ten = np.repeat(np.arange(10), 2)
    drawn = [ask(ten, 0.2, seed, free=True)[1] for seed in range(100)]
    splits = {frozenset(part.tolist()) for part in drawn}
    counts = {len(split) for split in splits}
    expect(
        counts == {4},
        "Of twenty images by ten writers a fifth is two writers. It takes "
        f"{max(counts)} images: stop as soon as there are at least as many as wanted.",
        hint=3,
    )
    expect(
        len(splits) > 1,
        "Every seed gives the same split: the writers are not drawn at random.",
        hint=2,
    )
    expect(
        len(splits) > 20,
        f"A hundred seeds give only {len(splits)} different splits of the 45 possible: each "
        "writer should be drawn by itself.",
        hint=2,
    )
    # By chance about 40 different ones, and a writer is left out twice in a billion times.
    never = {*range(10)} - {ten[image] for split in splits for image in split}
    expect(
        not never,
        f"Of ten writers numbered from 0, {short(sorted(never))} never validate, whatever the "
        "seed; each should have the same chance.",
        hint=2,
    )
    times = np.bincount(ten[np.concatenate(drawn)], minlength=10) // 2
    # 20 of each, by chance 4 to 40, and 100 of the first five, by chance 70 to 130.
    expect(
        times.max() <= 40 and 70 <= times[:5].sum() <= 130,
        f"With a hundred seeds the writers numbered from 0 to 9 validate {short(times)} times; "
        "each should have the same chance.",
        hint=2,
    )
    sizes = np.repeat([1, 2, 3], [40, 1, 1])
    parts = [ask(sizes, 0.02, seed, free=True)[1] for seed in range(40)]
    # A third of 40 on average; chance leaves these bounds two or three times in a million.
    expect(
        0 < sum(bool((sizes[part] == 1).any()) for part in parts) < 28,
        "A writer with many images is drawn more often, or always: each writer "
        "should have the same chance.",
        hint=2,
    )


@st.composite
def inputs(draw):
    groups = draw(st.lists(st.integers(0, 5), min_size=2, max_size=40).map(np.array))
    hypothesis.assume(len(np.unique(groups)) > 1)
    return groups, draw(st.sampled_from([0.25, 0.5, 0.75])), draw(st.integers(0, 1000))


def holds(ask, groups, share, seed):
    train, validation = ask(groups, share, seed, free=True)
    case = ask.show((groups, share, seed))
    expect(
        sorted([*train.tolist(), *validation.tolist()]) == [*range(len(groups))],
        f"With {case}, not every image is in exactly one part: those that train are "
        f"{short(train)}, those that validate {short(validation)}.",
        hint=3,
    )
    shared = np.intersect1d(groups[train], groups[validation])
    expect(not shared.size, f"With {case}, both parts have images by the writers {short(shared)}.")
    wanted, sizes = share * len(groups), np.bincount(groups[validation])
    expect(
        len(validation) >= wanted > len(validation) - sizes.max(initial=0),
        f"With {case}, {len(validation)} images validate; it should be at least {wanted:g}, and "
        "no more writers than that needs.",
        hint=3,
    )
    again = ask(groups, share, seed, free=True)[1]
    expect(
        np.array_equal(validation, again), "The same seed gives another split each time.", hint=2
    )
