"""What more than one chapter of the book uses. It knows no chapter."""
