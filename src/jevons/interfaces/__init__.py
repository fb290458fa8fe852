"""The ways out: each parses a request, calls one use case, and renders its result."""
