"""Machinery of the exercises: how a function is asked, and how a fault becomes a sentence.

A file in checks/ holds `HINTS`, three of them, and `check(ask)`. `ask` calls the reader's function
as `ask(arguments)` and returns its answer, whose kind and shape have been looked at by then.
`expect` and `match` end a check with a sentence. At the end of a check all answers are compared
with those of the reference solution, so a check only has to name faults.
Chapter: exercises/README.md#for-teachers
"""

import copy
import inspect

import numpy as np
from hypothesis import strategies as st

SHOWN = 60  # characters of a value in a sentence
SHOWN_NUMBERS = 8  # of an argument; of more only their shape is shown
NUMBERS = "fiub"  # kinds of dtype: floats, whole numbers, True and False


class RefusedError(Exception):
    """Why a solution is refused, in a sentence that does not give the answer."""

    kind = "fault"  # a check has a name for it


class FormError(RefusedError):
    kind = "form"  # None, another type or shape, or arguments that were changed


class DifferenceError(RefusedError):
    kind = "values"  # they are not right, and no check knows why


def expect(condition, sentence, hint=1):
    """Go on if the condition holds; else refuse the solution with this sentence.

    hint: which of the three fits.
    """
    if not condition:
        raise RefusedError(sentence)


def match(answer, right, sentence, wrong=(), hint=1):
    """Go on if an answer is right; else refuse it.

    wrong: pairs of what a well-known mistake would return, and the sentence for it. The first that
    fits explains the answer; if none does, `sentence` has to say where the fault is. hint: which of
    the three fits.
    """
    if not close(answer, right):
        raise RefusedError(next((why for value, why in wrong if close(answer, value)), sentence))


def numbers(draw, shape, scale=1.0):
    """Draw an array of floats, in steps of a hundredth of the scale."""
    size = int(np.prod(shape))
    whole = draw(st.lists(st.integers(-1000, 1000), min_size=size, max_size=size))
    return np.array(whole, float).reshape(shape) / 100 * scale


def close(answer, right):
    return np.allclose(answer, right, rtol=1e-5, atol=1e-7, equal_nan=True)


def short(value, digits=4):
    """Return a value as text for a sentence, in one line; digits: behind the point, in arrays."""
    with np.printoptions(precision=digits, suppress=True, threshold=20):
        text = " ".join(str(value.item() if isinstance(value, np.generic) else value).split())
    return text if len(text) <= SHOWN else text[:SHOWN] + " ..."


class Ask:
    """The reader's function, asked with copies of the arguments; it remembers the answers.

    results: their names, if it returns several.
    """

    def __init__(self, function, solution, results=()):
        self.function, self.solution, self.results = function, solution, results
        self.names = list(inspect.signature(solution).parameters)
        self.asked, self.last = [], ()

    def __call__(self, *arguments, free=False):
        """Return the answer. free: more than one is right, so the check looks at form and value."""
        given, self.last = copy.deepcopy(arguments), arguments
        answer = self.function(*given)
        right = self.solution(*copy.deepcopy(arguments))
        if answer is None:
            raise FormError("It returns None. Does it end with `return` and the result?")
        self.look_at(answer, right, free)
        for before, after in zip(arguments, given, strict=True):
            nan = isinstance(before, np.ndarray) and before.dtype.kind == "f"
            if isinstance(before, np.ndarray | list) and not np.array_equal(before, after, nan):
                raise FormError(
                    "It changes an array or list that it was given, and which the caller still "
                    "needs. Make a new one (x = x - 1 does, x -= 1 does not)."
                )
        if not free:
            self.asked.append((arguments, answer, right))
        return answer

    def repeat(self, times, *arguments):
        """Return the answers of so many calls that share one generator; each is free."""
        first, given = self(*arguments, free=True), copy.deepcopy(arguments)
        return [first, *(self.function(*given) for _ in range(times - 1))]

    def look_at(self, answer, right, free):
        """Refuse what is of another kind than the right answer, or has another shape."""
        if not isinstance(right, tuple):
            form(answer, right, "What it returns", free)
            return
        names = ", ".join(self.results)
        if not isinstance(answer, tuple | list) or len(answer) != len(right):
            found = f"{len(answer)} results" if isinstance(answer, tuple | list) else kind(answer)
            raise FormError(f"It returns {found}; {len(right)} results are expected: {names}.")
        for part, right_part, name in zip(answer, right, self.results, strict=True):
            form(part, right_part, f"The result `{name}`", free)

    def show(self, arguments, most=SHOWN_NUMBERS):
        """Return arguments with their names, for a sentence; most: numbers of a shown array."""
        shown = []
        for name, value in zip(self.names, arguments, strict=True):
            if np.size(value) > (most if isinstance(value, np.ndarray) else SHOWN_NUMBERS):
                shown.append(f"{name} of the shape {np.shape(value)}")
            elif not isinstance(value, np.random.Generator):
                shown.append(f"{name} = {short(value)}")
        return ", ".join(shown)

    def compare(self):
        """Refuse what no check had a name for."""
        for arguments, answer, right in self.asked:
            several = isinstance(right, tuple)
            pairs = zip(answer, right, strict=True) if several else [(answer, right)]
            for place, (part, right_part) in enumerate(pairs):
                exact = isinstance(right_part, list | tuple)
                if part == right_part if exact else close(part, right_part):
                    continue
                name = f"`{self.results[place]}`" if several else "it"
                digits = 4 if short(part) != short(right_part) else 8
                raise DifferenceError(
                    f"With {self.show(arguments)}, {name} should be {short(right_part, digits)}, "
                    f"and is {short(part, digits)}."
                )


def kind(value):
    """Return in words what kind of value this is."""
    if isinstance(value, np.ndarray):
        dtype = "" if value.dtype.kind in NUMBERS else f" and the dtype {value.dtype}"
        return f"an array of the shape {value.shape}{dtype}"
    if isinstance(value, tuple) and len(value) == 1:
        return f"a tuple with {kind(value[0])} in it, as np.where gives"
    return f"a value of the type {type(value).__name__}"


def form(answer, right, name, free=False):
    """Refuse an answer that is not of the right one's kind, or, unless free, of its shape."""
    if isinstance(right, np.ndarray):
        if not isinstance(answer, np.ndarray) or answer.dtype.kind not in NUMBERS:
            raise FormError(f"{name} is {kind(answer)}; an array of numbers is expected.")
        if not free and answer.shape != right.shape:
            raise FormError(f"{name} has the shape {answer.shape}; {right.shape} is expected.")
        whole = answer.dtype.kind != "f" and right.dtype.kind == "f"
        if not free and (whole or answer.dtype == np.float16) and not close(answer, right):
            raise FormError(
                f"{name} has the dtype {answer.dtype}, which cuts off digits; float64 keeps them."
            )
    elif isinstance(right, list | tuple):
        if type(answer) is not type(right):
            wanted = type(right).__name__
            raise FormError(f"{name} is {kind(answer)}; a {wanted} is expected.")
    elif np.ndim(answer) or np.asarray(answer).dtype.kind not in NUMBERS:
        raise FormError(f"{name} is {kind(answer)}; a number is expected.")
