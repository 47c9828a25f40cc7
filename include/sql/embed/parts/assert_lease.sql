-- Stop unless this run holds the lease of the dataset. Included by other scripts.
IF NOT EXISTS (SELECT 1 FROM {{ table('embedding_lease') }} WHERE lease_id = @lease_id) THEN
  RAISE USING MESSAGE = (SELECT CONCAT(@lease_lost, ' ', holder, ' has it.') FROM {{ table('embedding_lease') }});
END IF;
