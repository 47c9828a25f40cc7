-- Drop the tables of one model that setup has made and a person has approved, one after the other. Grain: one table.
-- The lease goes last: until then no other Airflow can take it. BigQuery keeps a dropped table for its time travel, 7 days.
-- Stop unless this run holds the lease of the dataset. Included by other scripts.
IF NOT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.embedding_lease` WHERE lease_id = @lease_id) THEN
  RAISE USING MESSAGE = (SELECT CONCAT(@lease_lost, ' ', holder, ' has it.') FROM `demo-project.bqml_tutorial.embedding_lease`);
END IF;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.embedding_batches`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.embedding_attempts`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.met_image_embeddings`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.embedding_quarantine`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.embedding_confirmations`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.embedding_runs`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.index_health`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.search_embedding`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.vector_search_results`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.saved_search_results`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.near_duplicates`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.image_map`;
DROP TABLE IF EXISTS `demo-project.bqml_tutorial.embedding_lease`

