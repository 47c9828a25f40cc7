-- The object table: one row per object of the bucket, as it was when the bucket was last listed (embed/parts/list_bucket.sql).
-- It holds no data, so replacing it loses nothing and picks up a changed setting `objects`. The listing serves for at most a
-- week, which is the longest that BigQuery allows; later every statement would list the bucket.
CREATE OR REPLACE EXTERNAL TABLE {{ table('images') }}
WITH CONNECTION `{{ collection.connection_name }}`
OPTIONS (
  object_metadata = 'SIMPLE',
  uris = [{% for uri in collection.objects %}'{{ uri }}'{{ ', ' if not loop.last }}{% endfor %}],
  metadata_cache_mode = 'MANUAL',
  max_staleness = INTERVAL 7 DAY)
