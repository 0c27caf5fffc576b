"""Machinery of the book and of its tests: which blocks of a README are quoted from a script."""


def is_quoted(code, readme, project):
    """Tell whether a script of the README's chapter, or of utils/, holds this code."""
    chapter = project / readme.relative_to(project).parts[0]
    if not chapter.is_dir():  # the front page and the pages beside it
        return False
    scripts = [*chapter.rglob("*.py"), *(project / "utils").glob("*.py")]
    return any(holds(script.read_text(encoding="utf-8"), code) for script in scripts)


def holds(script, code):
    """Tell whether the code's lines stand in the script, one after the other, equally indented."""
    lines = code.rstrip().split("\n")
    for indent in ("", " " * 4, " " * 8, " " * 12):
        quoted = "\n".join(indent + line if line else line for line in lines)
        if f"\n{quoted}\n" in f"\n{script}\n":
            return True
    return False
