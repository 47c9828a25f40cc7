-- Pictures that are nearly the same, found by embed_images for the images that it publishes.
-- Grain: one pair of images, the first by its uri in front (uri < near_uri); and each image that has been searched for with
-- itself (uri = near_uri, distance 0). content_hash, near_content_hash: what the two held; a pair is only good for these contents.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.near_duplicates` (
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  near_uri STRING NOT NULL,
  near_content_hash STRING NOT NULL,
  distance FLOAT64 NOT NULL,
  model STRING NOT NULL,
  run_id STRING NOT NULL,
  found_at TIMESTAMP NOT NULL
)
CLUSTER BY uri
