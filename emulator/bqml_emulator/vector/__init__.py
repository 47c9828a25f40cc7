"""Vector indexes and VECTOR_SEARCH: definitions, training, upkeep, views, plans and the SQL of a search."""
