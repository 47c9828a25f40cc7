-- Refuse to mix vectors of two models (endpoint or dimension) in one table, before it costs anything.
ASSERT NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE model != @model)
AS 'The images were embedded by another model. Set VITRINE_ENDPOINT and VITRINE_DIMENSION back, or add a second model to the collection: it has its own tables.'
