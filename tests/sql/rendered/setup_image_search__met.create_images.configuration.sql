-- The object table: one row an object of the bucket, listed live. It holds no data, so replacing it loses nothing
-- and picks up a changed VITRINE_OBJECT_URIS.
CREATE OR REPLACE EXTERNAL TABLE `demo-project.bqml_tutorial.met_images`
WITH CONNECTION `demo-project.us.vitrine`
OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://met-demo/*'])
