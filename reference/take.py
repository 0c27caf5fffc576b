"""A project of your own, of plain short programs that need nothing of this book.

    python reference/take.py tables ../mine    # or pictures, text, forecast, service

Writes a new folder with short programs, a test, requirements.txt and a README that says what to
type. For tables, pictures and text, the programs train, predict and serve; forecast has no service,
and service trains a network as an example only. Takes no time.
Chapter: reference/README.md#taking-a-piece-with-you
"""

from chapter import ROOT

import argparse
import shutil
from pathlib import Path

from utils.runs import fail, shown, writing_to

# Of each kind: what it does, the commands, what it needs, and what of the book goes along.
KINDS = {
    "tables": (
        "predicts a column of a table: boosting, a forest, a network or a regression, the best one",
        ["train.py FILE.csv COLUMN", "predict.py NEW.csv", "serve.py"],
        ["numpy", "pandas", "scikit-learn", "skops", "flask", "waitress"],
        {},
    ),
    "pictures": (
        "tells pictures apart, with a network that knows ImageNet",
        ["train.py FOLDER", "predict.py NEW.jpg", "serve.py"],
        ["keras", "tensorflow", "numpy", "scikit-learn", "pillow", "flask", "waitress"],
        {
            "cnn/efficientnet_lite.py": "efficientnet_lite.py",
            "cnn/data/efficientnet_lite0.npz": "data/efficientnet_lite0.npz",
            "cnn/data/Apache-2.0-LICENSE.txt": "data/Apache-2.0-LICENSE.txt",
        },
    ),
    "text": (
        "tells texts apart, by logistic regression on pieces of characters",
        ["train.py FILE.csv LABEL TEXT", 'predict.py "a new message"', "serve.py"],
        ["numpy", "pandas", "scikit-learn", "skops", "flask", "waitress"],
        {},
    ),
    "forecast": (
        "goes on with a series of numbers, in whichever of four ways was best in the past",
        ["predict.py FILE.csv TIME VALUE --season 7 --steps 14"],
        ["numpy", "pandas", "scikit-learn"],
        {},
    ),
    "service": (
        "answers over HTTP with a network of Keras",
        ["train.py", "serve.py model.keras"],
        ["keras", "tensorflow", "numpy", "scikit-learn", "flask", "waitress"],
        {},
    ),
}
README = """# {name}

It {what}. Each program says at its beginning what it does. Once, in this folder:

    python -m venv .venv
    source .venv/bin/activate
    pip install -r requirements.txt

On Windows, type `.venv\\Scripts\\activate` in place of the second line. Then:

{commands}

`python -m pytest` tries all of it on an example.
"""


def requirements(packages):
    """Return the lines of requirements-student.txt for these packages, with their bounds."""
    lines = (ROOT / "requirements-student.txt").read_text(encoding="utf-8").splitlines()
    lines = [line.split("#")[0].strip() for line in lines]
    # tensorflow-cpu is one of the two lines for TensorFlow.
    bounds = {line: line.partition(">=")[0].removesuffix("-cpu") for line in lines}
    return [line for line, package in bounds.items() if package in packages] + ["pytest>=8"]


def main(argv=None):
    parser = argparse.ArgumentParser(description="Write a project that stands alone.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("folder", type=Path, help="a new one")
    args = parser.parse_args(argv)
    what, commands, packages, more = KINDS[args.kind]
    if args.folder.exists() and (not args.folder.is_dir() or any(args.folder.iterdir())):
        fail(f"{args.folder} is there already. Name a new folder.")
    with writing_to(args.folder):
        here = Path(__file__).resolve().parent / "take" / args.kind
        files = {path: path.name for path in sorted(here.glob("*.py"))}
        for source, name in (files | {ROOT / path: name for path, name in more.items()}).items():
            target = args.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        lines = "\n".join(f"    python {command}" for command in commands)
        readme = README.format(name=args.folder.resolve().name, what=what, commands=lines)
        (args.folder / "README.md").write_text(readme, encoding="utf-8")
        text = "\n".join(requirements(packages)) + "\n"
        (args.folder / "requirements.txt").write_text(text, encoding="utf-8")
    names = sorted(path.name for path in args.folder.iterdir())
    print(f"In {shown(args.folder)}: {', '.join(names)}. Read README.md first.")


if __name__ == "__main__":
    main()
