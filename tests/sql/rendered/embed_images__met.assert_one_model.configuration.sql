-- Refuse to mix vectors of two models (endpoint or dimension) in one table, before it costs anything.
ASSERT NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE model != @model)
AS 'The images were embedded by another model. Set VITRINE_ENDPOINT and VITRINE_DIMENSION back, or name a new VITRINE_PROFILE: it has tables of its own.'
