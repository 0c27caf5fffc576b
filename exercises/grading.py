"""Machinery of the exercises: judge the solutions of a class, and write what became of each.

Chapter: exercises/README.md#for-teachers
"""

import csv
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from exercises.judging import judge
from exercises.running import Process
from utils.runs import make_folder, printable, save_results, writing_to

NO_FILE = {"state": "no file", "sentence": ""}
FORMULA = "=", "+", "-", "@"  # with which a cell begins that a spreadsheet would compute


def grade(name, tasks, seed):
    return judge(name, tasks[name], seed=seed) if name in tasks else NO_FILE


def write_table(rows, path):
    with writing_to(path.parent), path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)


def left_alone(folder, tasks):
    """Return what is said of the files and folders of a student that do not count, "" if none."""
    taken = {path.name for path in tasks.values()}
    left = [
        printable(path.name) + "/" * path.is_dir()
        for path in sorted(folder.glob("[!._]*"))
        if path.name not in taken
    ]
    more = f" and {len(left) - 3} more" if left[3:] else ""
    return f"  left alone: {', '.join(left[:3])}{more}" if left else ""


def grade_class(place, students, names, args, argv):
    """Judge these exercises of all students; return {student: {name: verdict}}.

    place: the folder of the class; students: {student: {name: file}}. Prints a line for each, with
    the files that do not count, and writes grades.csv with a row for each exercise of each:
    student, exercise, verdict, sentence.
    """
    folder, grades = make_folder(args.outputs), {}
    with Process() as process:
        if not process.is_fenced():
            print("Not fenced in on this system: these files can do what you can.")
    rows = [["student", "exercise", "verdict", "sentence"]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for student, tasks in students.items():
            found = pool.map(partial(grade, tasks=tasks, seed=args.seed), names)
            grades[student] = dict(zip(names, found, strict=True))
            called = printable(student)
            called = f"'{called}" if called.startswith(FORMULA) else called
            rows += [
                [called, name, verdict["state"], verdict["sentence"]]
                for name, verdict in grades[student].items()
            ]
            write_table(rows, folder / "grades.csv")  # after each, so that a stop loses little
            right = sum(verdict["state"] == "right" for verdict in grades[student].values())
            rest = left_alone(place / student, tasks)
            print(f"{printable(student):24} {right:2} of {len(names)}{rest}", flush=True)
    save_results(grades, folder, "exercises/check.py", argv)
    return grades
