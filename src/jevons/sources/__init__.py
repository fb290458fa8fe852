"""The ways in: one module per foreign format; they do not know each other."""
