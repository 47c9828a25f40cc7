-- Drop the remote model. Grain: one model. It holds no weights; the endpoint on Vertex AI stays as it is.
DROP MODEL IF EXISTS `demo-project.bqml_tutorial.multimodal_embedding_model`
