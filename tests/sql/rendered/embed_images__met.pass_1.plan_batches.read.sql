-- The batches of a work order, over which embed_batch is mapped. Grain: one batch.
SELECT work_order, batch_number, COUNT(*) AS images, SUM(size) AS bytes
FROM `demo-project.bqml_tutorial.embedding_batches`
WHERE work_order = @work_order
GROUP BY work_order, batch_number
ORDER BY batch_number
