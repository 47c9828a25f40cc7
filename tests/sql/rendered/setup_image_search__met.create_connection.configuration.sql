-- The Cloud resource connection through whose service account BigQuery reads the bucket and calls the model.
CREATE CONNECTION IF NOT EXISTS `demo-project.us.vitrine` OPTIONS (connection_type = "CLOUD_RESOURCE")
