"""Load trained networks, or say in one line why that cannot be done."""

import json
import zipfile

import keras

from utils.runs import fail, first_line


def load_model(path, **options):
    """Return the Keras model in a file, or end the program with one line.

    options: those of keras.saving.load_model.
    """
    try:
        return keras.saving.load_model(path, **options)
    except Exception as error:  # Keras raises many kinds for a file that it cannot read
        fail(explain_load_error(path, error))


def explain_load_error(path, error):
    """Return in one line why a model could not be loaded: the file, and what is wrong with it."""
    if not path.exists():
        return f"there is no {path}"
    reason = first_line(error)[:200]
    if path.suffix == ".keras" and path.is_file():
        try:
            with zipfile.ZipFile(path) as file:
                written_by = json.loads(file.read("metadata.json"))["keras_version"]
        except (OSError, zipfile.BadZipFile):
            return (
                f"{path} is not a .keras file, or only a part of one (it is not a whole zip file)"
            )
        except (KeyError, ValueError, TypeError):
            return f"{path} is a zip file, but not one that Keras has written"
        if written_by != keras.version():
            return f"{path} was written by Keras {written_by}, this is {keras.version()}: {reason}"
    return f"cannot load {path}: {reason}"
