"""OTLP files: traces, logs and metrics of every GenAI convention, as observations of calls."""

from jevons.sources.otlp.reader import SOURCE

__all__ = ["SOURCE"]
