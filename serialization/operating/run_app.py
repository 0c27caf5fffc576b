"""A web service for a model of your own: of the rows of a table, or of texts.

    python serialization/operating/run_app.py mlp/outputs/RUN     # of mlp/tables/table.py
    python serialization/operating/run_app.py text/outputs/RUN    # of text/ask.py --keep
    python serialization/operating/run_app.py mlp/outputs/RUN --refuse-outside

Prints "Serving RUN on http://127.0.0.1:8000" after some seconds. That address says what a row is,
as JSON Schema: {"CreditScore": 640, "Geography": "Germany", ...}, or {"text": "Call now!"}. Send
one row, or a list of them, to /predict. This script names no column: all is in the run. With
--refuse-outside it refuses rows that are unlike all that was learned. It loads Keras only if the
run has kept a network.

Chapter: serialization/operating/README.md#tables-and-texts
"""

import chapter  # noqa: F401  it tells Python where utils/ is

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag, create_model

from mlp.tables.columns import GAP, LARGEST, to_dates
from mlp.tables.kept import MODELS, load_run
from mlp.tables.unlike import find_strange, read_inputs
from serialization.operating.batching import Batcher
from serialization.operating.guard import About, RequestError, Strict
from serialization.operating.service import add_address, make_app, serve
from text.ask import load_kept
from utils.files import file_sha256, version_of
from utils.options import make_parser
from utils.runs import fail

MOST = 1_000  # rows of a request
LONGEST = 1_000  # characters of a word
LONGEST_TEXT = 10_000


class Answer(BaseModel):
    """The probability of each class and the class they come to, or the number that is predicted.

    unknown: columns with a word that was not learned; outside: with a smaller or larger number.
    """

    answer: dict[str, float]
    predicted: str | None = None
    unknown: list[str] = []
    outside: list[str] = []


class One(About, Answer): ...


class Many(About):
    answers: list[Answer]


def describe(names, values, predicted):
    """Return the answer about a row: a value for each name."""
    said = {name: float(f"{value:.6g}") for name, value in zip(names, values, strict=True)}
    return {"answer": said} | ({"predicted": predicted} if len(names) > 1 else {})


class Texts:
    """The model that a run of ask.py has kept: the one column of its rows is a text."""

    def __init__(self, folder, refuse):
        self.path = folder / "ask.skops"
        self.model, self.about = load_kept(folder)
        text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
        self.Row = create_model("Row", __base__=Strict, text=text)

    def read(self, rows):
        """Return the Answer to each row; unknown is a text of which no word or piece is known."""
        counts = self.model[:-1].transform([row["text"] for row in rows])
        names, answers, found = self.about["classes"], self.model[-1].predict_proba(counts), []
        for one, known in zip(answers, counts.getnnz(axis=1), strict=True):
            answer = describe(names, one, names[one.argmax()])
            found.append(answer if known else answer | {"unknown": ["text"]})
        return found


class Table:
    """The model that a run of table.py has kept: its columns are those of the table."""

    def __init__(self, folder, refuse):
        self.kept = load_run(folder)
        self.path = folder / MODELS[self.kept.about["kept"]]
        # A column may be called anything, and a field may not: so the column is its alias.
        fields = {
            f"column_{number}": (self.values_of(column, refuse), Field(alias=column["name"]))
            for number, column in enumerate(self.kept.columns)
        }
        self.Row = create_model("Row", __base__=Strict, **fields)

    def values_of(self, column, refuse):
        """Return the type of a column's values; None is a gap.

        refuse: whether words and numbers that are unlike all that was learned do not belong to it.
        """
        name, form, about = column["name"], column.get("format"), self.kept.about
        if column["kind"] == "date":

            def check(text):
                if pd.isna(to_dates(text, form)):
                    raise ValueError(f"not a date as {form}")
                return text

            said = Field(max_length=LONGEST, description=f"a date as {form}")
            return Annotated[str, said, AfterValidator(check)] | None
        if column["kind"] == "words":
            words = [word for word in about["words"].get(name, []) if word != GAP]
            some = Annotated[str, Field(max_length=LONGEST, examples=words)] | None
            return Literal[*words, None] if refuse else some
        ends = [float(str(np.float32(end))) for end in about["ranges"].get(name, ())]
        least, most = ends if refuse and ends else (-LARGEST, LARGEST)
        said = "learned from {:g} to {:g}".format(*ends) if ends else None
        return Annotated[float, Field(ge=least, le=most, description=said)] | None

    def read(self, rows):
        """Return the Answer to each row."""
        table = pd.DataFrame([*rows], dtype=object)
        inputs, names = read_inputs(table, self.kept), self.kept.about["names"]
        answers = self.kept.ask(inputs)
        values = answers.reshape(len(rows), -1)
        chosen = self.kept.choose(answers)
        found = [describe(names, *one) for one in zip(values, chosen, strict=True)]
        for kind, by_name in zip(
            ["unknown", "outside"], find_strange(inputs, table, self.kept), strict=True
        ):
            for name, one in by_name.items():
                if kind == "unknown" or name in table:  # tomorrow's date is always later
                    for row in np.flatnonzero(one["rows"]):
                        found[row].setdefault(kind, []).append(name)
        return found


def create_app(folder, hosts=(), refuse=False):
    """Return the application for the folder of a run, or end the program with one line."""
    if not (folder / "results.json").is_file():
        fail(f"{folder} is neither a run of table.py nor one of ask.py --keep.")
    run = (Texts if (folder / "ask.json").exists() else Table)(folder, refuse)
    about = {"model": run.path.stem, "version": version_of(file_sha256(run.path))}
    batcher = Batcher(run.read)
    app = make_app("A web service for a kept run", about, hosts, batcher=batcher)
    some = Field(min_length=1, max_length=MOST, fail_fast=True)
    rows = Annotated[list[run.Row], some, Tag("rows")]
    rows_or_row = Discriminator(lambda asked: "rows" if isinstance(asked, list) else "row")
    Question = Annotated[Annotated[run.Row, Tag("row")] | rows, rows_or_row]

    @app.get("/")
    async def what_a_row_is() -> dict:
        """Say which columns a row has, and what may stand in them."""
        return about | {"row": run.Row.model_json_schema()}

    @app.post("/predict", response_model=One | Many)
    async def predict(asked: Question):
        """Say what the model makes of a row, or of each of several."""
        rows = asked if isinstance(asked, list) else [asked]
        rows = [row.model_dump(by_alias=True) for row in rows]
        answers = await batcher.ask(np.array(rows, dtype=object))
        for number, answer in enumerate(answers):
            if refuse and "text" in answer.get("unknown", ()):
                raise RequestError(422, f"row {number}: nothing of its text is known")
        said = {"answers": answers} if isinstance(asked, list) else answers[0]
        return JSONResponse(about | said)

    return app


def main(argv=None):
    parser = make_parser("Serve the model that a run of table.py or of ask.py has kept.")
    parser.add_argument("run", type=Path, help="folder of the run")
    about = "refuse what is unlike all that was learned, instead of naming it in the answer"
    parser.add_argument("--refuse-outside", action="store_true", help=about)
    add_address(parser)
    options = parser.parse_args(argv)
    hosts = [options.host, *options.allowed_host]
    app = create_app(options.run, hosts, options.refuse_outside)
    return serve(app, options.run.resolve().name, options)


if __name__ == "__main__":
    main()
