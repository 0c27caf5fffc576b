"""What more than one chapter of the book uses. It knows no chapter.

Importing it, or a module of it, changes nothing in the program that does so; see startup.py.
"""
