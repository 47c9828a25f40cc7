-- Who may work on the tables of this dataset, of all Airflows in the world. One row, from the beginning and for ever.
-- lease_id: of the run that has it; '' before the first. holder: the same in words.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.embedding_lease`
AS SELECT '' AS lease_id, 'Nobody' AS holder, CURRENT_TIMESTAMP() AS taken_at, CURRENT_TIMESTAMP() AS expires_at
