-- Keep attempts for a whole calendar month, for the monthly budget; earlier versions kept them for 30 days.
ALTER TABLE {{ table('embedding_attempts') }} SET OPTIONS (partition_expiration_days = 32)
