"""Machinery of the exercises: how a function is asked, and how a fault becomes a sentence.

A file in checks/ holds `HINTS`, three of them, and `check(ask)`. `ask` has the reader's function
called, in a process of its own, as `ask(arguments)`, and returns its answer, whose kind and shape
have been looked at by then. `expect` and `match` end a check with a sentence. At the end of a check
all answers are compared with those of the reference solution, so a check only has to name faults.
`inputs()` of the file, a strategy of hypothesis, then draws further legal arguments.
Chapter: exercises/README.md#for-teachers
"""

import contextlib
import copy
import inspect

import numpy as np
from hypothesis import strategies as st

from exercises.answering import NUMBERS, Other

SHOWN = 60  # characters of a value in a sentence
SHOWN_NUMBERS = 8  # of an argument; of more only their shape is shown
WHOLE = "whole"
SCALES = 1.0, 0.01, 100.0, WHOLE  # of drawn numbers
MILD = 1.0, 0.1, 3.0  # of those that go into a softmax, which in 32 bits is coarse


class RefusedError(Exception):
    """Why a solution is refused, in a sentence that does not give the answer.

    hint: the number of the hint that fits.
    """

    kind = "fault"  # a check has a name for it

    def __init__(self, sentence, hint=1):
        super().__init__(sentence)
        self.hint = hint


class FormError(RefusedError):
    kind = "form"  # None, another type or shape, or arguments that were changed


class DifferenceError(RefusedError):
    kind = "values"  # they are not right, and no check knows why


def expect(condition, sentence, hint=1):
    """Go on if the condition holds; else refuse with this sentence, and the hint that fits."""
    if not condition:
        raise RefusedError(sentence, hint)


def match(answer, right, sentence, wrong=(), hint=1):
    """Go on if an answer is right; else refuse it.

    wrong: what a well-known mistake would return, the sentence for it and, if it is another one,
    its hint. The first that fits explains the answer; if none does, `sentence` has to say where the
    fault is.
    """
    if not close(answer, right):
        named = ((*one, hint)[1:3] for one in wrong if close(answer, one[0]))
        raise RefusedError(*next(named, (sentence, hint)))


def close(answer, right):
    """Tell whether numbers agree to five digits or so; to three where they are of 32 bits."""
    if np.asarray(answer).dtype == np.float32:
        return nearly(answer, right, rtol=1e-3, atol=1e-5)
    return np.allclose(answer, right, rtol=1e-5, atol=1e-7, equal_nan=True)


def nearly(answer, right, rtol=1e-4, atol=1e-5):
    """Tell whether numbers agree as far as 32 bits allow; atol is of the largest, if above 1."""
    right = np.asarray(right, float)
    atol *= max(1.0, np.abs(right[np.isfinite(right)]).max(initial=0))
    return np.allclose(answer, right, rtol=rtol, atol=atol, equal_nan=True)


def short(value, digits=4, most=SHOWN):
    """Return a value as text for a sentence, in one line; digits: behind the point, in arrays."""
    with np.printoptions(precision=digits, suppress=True, threshold=20):
        text = " ".join(str(value.item() if isinstance(value, np.generic) else value).split())
    return text if len(text) <= most else text[:most] + " ..."


def apart(found, right):
    """Return two numbers, or arrays, as texts with so many digits that one sees a difference."""
    for digits in range(4, 18):
        texts = [
            f"{one:.{digits + 2}g}" if isinstance(one, float | np.floating) else short(one, digits)
            for one in (found, right)
        ]
        if texts[0] != texts[1]:
            break
    return texts


def numbers(draw, shape, scale=None):
    """Draw an array of numbers of either sign, some of them 0.

    They are of one scale, or else small, large, in between or whole. Half of the arrays are drawn
    as bytes and shrink to zeros; but of these many have equal numbers, so the others come from a
    generator of numpy.
    """
    scale = draw(st.sampled_from(SCALES)) if scale is None else scale
    size = int(np.prod(shape))
    if draw(st.booleans()):
        drawn = draw(generators()).integers(-128, 128, size)
    else:
        drawn = np.frombuffer(draw(st.binary(min_size=size, max_size=size)), np.int8).astype(int)
    drawn = np.where(np.abs(drawn) < 8, 0, drawn).reshape(shape)
    return drawn // 8 if scale == WHOLE else drawn / 50 * scale


def sizes(most=7, far=130):
    """Return a strategy of sizes: from 1 to most and, one time in ten or so, far."""
    return st.integers(1, most) | st.integers(1, most).map(lambda size: far if size == 2 else size)


def generators():
    """Return a strategy of numpy's generators, in different states."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


class Ask:
    """The reader's function, asked in its process; it remembers the answers.

    results: their names, if it returns several.
    """

    def __init__(self, process, solution, results=()):
        self.process, self.solution, self.results = process, solution, results
        self.names = list(inspect.signature(solution).parameters)
        self.asked = []

    def __call__(self, *arguments, free=False):
        """Return the answer. free: more than one is right, so the check looks at form and value."""
        return self.repeat(1, *arguments, free=free)[0]

    def repeat(self, times, *arguments, free=True):
        """Return the answers of so many calls that share one generator; each is free."""
        right = self.solution(*copy.deepcopy(arguments))
        answers = self.process.call(arguments, times, self.show(arguments, most=4))
        answers = [self.look_at(answer, right, free) for answer in answers]
        if not free:
            self.asked.append((arguments, answers[0], right))
        return answers

    def try_drawn(self, *arguments):
        """Ask once, and refuse an answer that is not right, though 32 bits may do in between."""
        self.asked.clear()
        self(*arguments)
        self.compare(nearly)

    def look_at(self, answer, right, free):
        """Return an answer in the kind of the right one; refuse another kind or shape."""
        if answer is None:
            raise FormError("It returns None. Does it end with `return` and the result?")
        if not self.results:
            return form(answer, right, "What it returns", free)
        if isinstance(answer, np.ndarray) and {*map(np.shape, right)} == {answer.shape[1:]}:
            answer = tuple(answer)  # the results as rows of one array
        names = ", ".join(self.results)
        if not isinstance(answer, tuple | list) or len(answer) != len(right):
            found = f"{len(answer)} results" if isinstance(answer, tuple | list) else kind(answer)
            raise FormError(f"It returns {found}; {len(right)} results are expected: {names}.")
        return tuple(
            form(part, right_part, f"The result `{name}`", free)
            for part, right_part, name in zip(answer, right, self.results, strict=True)
        )

    def show(self, arguments, most=SHOWN_NUMBERS):
        """Return arguments with their names, for a sentence; most: numbers of a shown array."""
        shown = []
        for name, value in zip(self.names, arguments, strict=True):
            if np.size(value) > (most if isinstance(value, np.ndarray) else SHOWN_NUMBERS):
                shown.append(f"{name} of the shape {np.shape(value)}")
            elif not isinstance(value, np.random.Generator):
                shown.append(f"{name} = {short(value)}")
        return ", ".join(shown)

    def compare(self, close=close):
        """Refuse what no check had a name for; close: tells whether two answers agree."""
        for arguments, answer, right in self.asked:
            several = isinstance(right, tuple)
            pairs = zip(answer, right, strict=True) if several else [(answer, right)]
            for place, (part, right_part) in enumerate(pairs):
                exact = isinstance(right_part, list | tuple)
                if part == right_part if exact else close(part, right_part):
                    continue
                name = f"`{self.results[place]}`" if several else "it"
                found, wanted = apart(part, right_part)
                raise DifferenceError(
                    f"With {self.show(arguments)}, {name} should be {wanted}, and is {found}."
                )


def kind(value):
    """Return in words what kind of value this is."""
    if isinstance(value, Other):
        return f"an {value}" if value.startswith("array") else f"a {value}"
    if isinstance(value, np.ndarray):
        return f"an array of the shape {value.shape}"
    if isinstance(value, tuple) and len(value) == 1:
        return f"a tuple with {kind(value[0])} in it, as np.where gives"
    return f"a value of the type {type(value).__name__}"


def form(answer, right, name, free=False):
    """Return an answer in the right one's kind: lists of numbers are arrays where that is one.

    Refuses another kind, or, unless free, another shape.
    """
    if isinstance(right, np.ndarray):
        if isinstance(answer, list | tuple | float | int) and not is_where(answer):
            with contextlib.suppress(ValueError, TypeError):
                answer = np.asarray(answer)
        if np.ndim(right) == np.ndim(answer) == 0 and isinstance(answer, np.generic):
            answer = np.asarray(answer)
        if not isinstance(answer, np.ndarray) or answer.dtype.kind not in NUMBERS:
            raise FormError(f"{name} is {kind(answer)}; an array of numbers is expected.")
        answer = answer if answer.size else answer.astype(right.dtype)  # np.array([]) is of floats
        if not free and answer.shape != right.shape:
            raise FormError(f"{name} has the shape {answer.shape}; {right.shape} is expected.")
        whole = answer.dtype.kind != "f" and right.dtype.kind == "f"
        if not free and (whole or answer.dtype == np.float16) and not close(answer, right):
            raise FormError(
                f"{name} has the dtype {answer.dtype}, which cuts off digits; float64 keeps them."
            )
    elif isinstance(right, list | tuple):
        if isinstance(answer, list | tuple):
            return type(right)(answer)
        if not isinstance(answer, np.ndarray) or answer.ndim != 1:
            wanted = type(right).__name__
            raise FormError(f"{name} is {kind(answer)}; a {wanted} is expected.")
        return type(right)(answer.tolist())
    elif np.ndim(answer) or np.asarray(answer).dtype.kind not in NUMBERS:
        raise FormError(f"{name} is {kind(answer)}; a number is expected.")
    return answer


def is_where(answer):
    """Tell whether this is what np.where returns: a tuple with one array in it."""
    return isinstance(answer, tuple) and len(answer) == 1
