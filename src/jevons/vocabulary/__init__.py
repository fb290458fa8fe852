"""The field's words as types: money, units, observations, charges, prices, errors."""
