"""Machinery of the notebooks: the names that code reads and sets."""

import ast
import builtins
import symtable


def names(context, *nodes):
    """Return the names that nodes read (ast.Load) or set (ast.Store); of a function, its body."""
    parts = [part for one in nodes for part in (one.body if is_definition(one) else [one])]
    found = [one for part in parts for one in ast.walk(part) if isinstance(one, ast.Name)]
    return {one.id for one in found if isinstance(one.ctx, context)}


def loads(*nodes):
    return names(ast.Load, *(ast.parse(one) if isinstance(one, str) else one for one in nodes))


def targets(node):
    """Return the names that an assignment sets."""
    return names(ast.Store, *getattr(node, "targets", []))


def is_definition(node):
    return isinstance(node, ast.FunctionDef | ast.ClassDef)


def missing(code):
    """Return the names that code reads and neither sets nor finds in Python."""
    tables, read = [symtable.symtable(code, "cell", "exec")], set()
    made = {one.get_name() for one in tables[0].get_symbols() if one.is_assigned()}
    for table in tables:
        tables += table.get_children()
        outer = [one for one in table.get_symbols() if one.is_global() or table is tables[0]]
        read |= {one.get_name() for one in outer if one.is_referenced()}
    return read - made - set(dir(builtins))
