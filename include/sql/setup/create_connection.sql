-- The Cloud resource connection, with whose service account BigQuery reads the bucket and calls the model.
-- By its description teardown_image_search knows that it was made here; a connection that was there before gets none.
CREATE CONNECTION IF NOT EXISTS `{{ collection.connection_name }}` OPTIONS (connection_type = "CLOUD_RESOURCE", description = "Made by setup_image_search of Vitrine")
