-- The batches of one work order, as embed_batch is mapped over them. Grain: one batch.
SELECT work_order, batch_number, COUNT(*) AS images, SUM(size) AS bytes
FROM `demo-project.bqml_tutorial.embedding_batches`
WHERE work_order = @work_order
GROUP BY work_order, batch_number
ORDER BY batch_number
