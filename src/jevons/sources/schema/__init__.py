"""Published JSON Schemas and what renders them."""
