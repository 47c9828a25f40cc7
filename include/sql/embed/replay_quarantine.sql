-- Let images out of quarantine to be tried again, when a person asks for it. Grain: one content of one image.
-- Not those that this very run has set aside: its tasks may be cleared, and no image is to be replayed twice in one run.
IF @replay THEN
  UPDATE {{ table('embedding_quarantine') }}
  SET replayed_at = CURRENT_TIMESTAMP()
  WHERE replayed_at IS NULL
    AND model = @model
    AND run_id != @run_id
    AND STARTS_WITH(ml_generate_embedding_status, @replay_status)
    AND STARTS_WITH(uri, @uri_prefix);
END IF
