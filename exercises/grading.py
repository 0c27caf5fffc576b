"""Machinery of the exercises: judge the solutions of a class, and write what became of each.

Chapter: exercises/README.md#for-teachers
"""

import csv
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from exercises.judging import judge
from utils.runs import make_folder, printable, save_results, writing_to

NO_FILE = {"state": "no file", "sentence": ""}


def grade(name, tasks, seed):
    return judge(name, tasks[name], seed=seed) if name in tasks else NO_FILE


def grade_class(students, names, args, argv):
    """Judge these exercises of all students; return {student: {name: verdict}}.

    students: {student: {name: file}}. Prints a line for each, and writes grades.csv with a row for
    each exercise of each: student, exercise, verdict, sentence.
    """
    folder, grades = make_folder(args.outputs), {}
    with (
        writing_to(folder),
        (folder / "grades.csv").open("w", encoding="utf-8-sig", newline="") as file,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        table = csv.writer(file)
        table.writerow(["student", "exercise", "verdict", "sentence"])
        for student, tasks in students.items():
            found = pool.map(partial(grade, tasks=tasks, seed=args.seed), names)
            verdicts = dict(zip(names, found, strict=True))
            for name, verdict in verdicts.items():
                table.writerow([student, name, verdict["state"], verdict["sentence"]])
            right = sum(verdict["state"] == "right" for verdict in verdicts.values())
            print(f"{printable(student):24} {right:2} of {len(names)}", flush=True)
            grades[student] = verdicts
    save_results(grades, folder, "exercises/check.py", argv)
    return grades
