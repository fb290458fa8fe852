"""A provider's usage body becomes non-overlapping billable quantities."""
