-- Drift of the images since the index was trained, 0 to 1. Grain: the index; no row if none is in use.
-- SELECT *, because the name of the column is not documented.
SELECT * FROM VECTOR_INDEX.STATISTICS(TABLE {{ table('image_embeddings') }})
