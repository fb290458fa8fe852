"""The use cases, the settings, and the composition root that wires them to the adapters."""
