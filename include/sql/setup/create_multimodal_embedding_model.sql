-- The remote model that embeds images and words into one space.
CREATE OR REPLACE MODEL {{ table('multimodal_embedding_model') }}
REMOTE WITH CONNECTION `{{ collection.connection_name }}`
OPTIONS (ENDPOINT = '{{ collection.model.endpoint }}')
