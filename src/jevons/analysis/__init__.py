"""Questions about the books: why a cost changed, what it bought, what comes next (pure)."""
