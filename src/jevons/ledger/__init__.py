"""The rules of the books: which reports are one call, and what is posted for it (pure)."""
