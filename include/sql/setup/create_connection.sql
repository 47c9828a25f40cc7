-- The Cloud resource connection through whose service account BigQuery reads the bucket and calls the model.
CREATE CONNECTION IF NOT EXISTS `{{ collection.connection_name }}` OPTIONS (connection_type = "CLOUD_RESOURCE")
