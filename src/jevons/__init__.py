"""Jevons: the total cost of AI, every token counted once and priced exactly."""

__version__ = "0.1.0"
