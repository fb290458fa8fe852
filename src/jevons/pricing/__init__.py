"""The dated price book, and rating: quantities times a price card (pure, exact)."""
