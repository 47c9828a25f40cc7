-- Vectors of two models must never meet in one table: refuse another endpoint or dimension before anything is paid.
ASSERT NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_image_embeddings` WHERE model != @model)
AS 'The images were embedded by another model. Set VITRINE_ENDPOINT and VITRINE_DIMENSION back, or name a new VITRINE_PROFILE: it has tables of its own.'
