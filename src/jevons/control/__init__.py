"""Limits on the next call: budgets, holds, credits, policies (pure)."""
