-- The remote model that embeds images and words into one space.
CREATE OR REPLACE MODEL `demo-project.bqml_tutorial.multimodal_embedding_model`
REMOTE WITH CONNECTION `demo-project.us.vitrine`
OPTIONS (ENDPOINT = 'multimodalembedding@001')
