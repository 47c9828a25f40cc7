-- What setup_image_search of the first edition (November 2026) left behind, word for word but for names and comments.
CREATE SCHEMA IF NOT EXISTS `demo-project.{dataset}` OPTIONS (location = 'US');
CREATE CONNECTION IF NOT EXISTS `demo-project.us.vitrine` OPTIONS (connection_type = "CLOUD_RESOURCE");
GRANT `roles/aiplatform.user`, `roles/storage.objectViewer` ON PROJECT `demo-project`
TO "connection:demo-project.us.vitrine";
CREATE OR REPLACE EXTERNAL TABLE `demo-project.{dataset}.met_images`
WITH CONNECTION `demo-project.us.vitrine`
OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://{bucket}/*']);
