-- Keep the attempts of a whole calendar month, for the monthly budget; earlier versions of Vitrine kept 30 days.
ALTER TABLE {{ table('embedding_attempts') }} SET OPTIONS (partition_expiration_days = 32)
