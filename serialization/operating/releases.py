"""Take over a new model without a gap, and go back to the old one.

    python serialization/operating/releases.py NEW.tflite --folder serialization/outputs/served
    python serialization/operating/releases.py --back --folder serialization/outputs/served
    python serialization/rest/app.py --model serialization/outputs/served

Copies the model and its .json into the folder and names it in `current.json` as the one to serve.
A service that runs on this folder looks there each second: it loads what is new beside what is old,
tries it, and then changes from one to the other between two batches. If the new one does not load,
the old one stays. Takes a moment.
Chapter: serialization/operating/README.md#a-new-network
"""

import chapter  # noqa: F401  it tells Python where utils/ is

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from serialization.rest.digits import DigitReader, version
from utils.options import make_parser
from utils.runs import fail, replacing, shown, write_json
from utils.schemas import check_name, read_form

log = logging.getLogger("service")

CURRENT = "current.json"  # names all that was served, the last one is served now
InFolder = Annotated[str, Field(pattern=r"^[^/\\]{1,255}$"), AfterValidator(check_name)]
Files = Annotated[list[InFolder], Field(min_length=1)]
LOOK = 1  # seconds between two looks


def read_names(folder):
    """Return the files that were served, the current one last; or end with one line."""
    return read_form(folder / CURRENT, Files, "a folder of releases.py")


class Served:
    """The model that is served: that of a file, or the current one of a folder of releases."""

    def __init__(self, path, load):
        """load: a function of a path that returns the model, with the attribute about."""
        self.path, self.load, self.is_folder = path, load, path.is_dir()
        self.file = self.find()
        self.model = load(self.file)

    @property
    def about(self):
        return self.model.about

    def find(self):
        return self.path / read_names(self.path)[-1] if self.is_folder else self.path

    async def watch(self, metrics):
        """Change to each new release; a task of the application."""
        said = None
        while self.is_folder:  # it may be away for a moment
            await asyncio.sleep(LOOK)
            try:
                if (file := self.find()) == self.file:
                    continue
                model = await asyncio.to_thread(self.load, file)
            except (Exception, SystemExit) as error:  # the old one goes on, and the new may recover
                if said != (said := repr(error)):
                    log.error("not taken over: %s", said)
                continue
            metrics.tell(model.about, self.about)
            self.file, self.model = file, model
            log.info("served from now on: %s", model.about)


def copy(model, folder):
    """Copy a model and its .json into a folder, named by their version; return the name.

    A file that is there already is left alone: LiteRT reads from it while it serves.
    """
    name = f"{model.stem}-{version(model)}"
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in (".json", model.suffix):
        if not (target := folder / (name + suffix)).exists():
            with replacing(target) as partial:
                shutil.copy(model.with_suffix(suffix), partial)
    return name + model.suffix


def main(argv=None):
    """Return the names of all that was served, the current one last."""
    parser = make_parser("Take over a new model, or go back to the one before.")
    parser.add_argument("model", nargs="?", type=Path, help="a .tflite file with its .json")
    parser.add_argument("--folder", type=Path, required=True, help="of the releases")
    parser.add_argument("--back", action="store_true", help="to the model before the current one")
    args = parser.parse_args(argv)
    if args.back == (args.model is not None):
        parser.error("name a model, or --back")
    names = read_names(args.folder) if (args.folder / CURRENT).exists() else []
    if args.back:
        if len(names) < 2:
            fail(f"{shown(args.folder)} has no model before the current one")
        names.pop()
    else:
        DigitReader(args.model)  # ends with one line if it cannot be served
        try:
            name = copy(args.model, args.folder)
        except OSError as error:
            fail(f"cannot take {shown(args.model)} into {shown(args.folder)}: {error.strerror}")
        names += [name] if names[-1:] != [name] else []
    write_json(names, args.folder / CURRENT)
    print(f"{shown(args.folder)} serves {names[-1]}")
    return names


if __name__ == "__main__":
    main()
