-- How far the images have moved since the index was trained, 0 to 1. Grain: the index; no row without one in use.
-- Every column, because its name is not documented.
SELECT * FROM VECTOR_INDEX.STATISTICS(TABLE {{ table('image_embeddings') }})
