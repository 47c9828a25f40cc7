-- Keep the attempts of a whole calendar month, for the monthly budget; earlier versions of Vitrine kept 30 days.
ALTER TABLE `demo-project.bqml_tutorial.embedding_attempts` SET OPTIONS (partition_expiration_days = 32)
