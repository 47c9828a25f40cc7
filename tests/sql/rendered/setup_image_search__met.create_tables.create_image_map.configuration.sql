-- Where the pictures lie on the map of the collection, so that those that are alike are near each other.
-- Grain: one image with the content that was looked at. x, y: its cell, from the left and from the top; no two share one.
-- level: the greater, the larger the square in which this picture stands for the others, when the map is seen from afar.
-- drawn_at: when the map was drawn, the same in all rows. Each drawing replaces all rows at once, in one load job.
CREATE TABLE IF NOT EXISTS `demo-project.bqml_tutorial.image_map` (
  uri STRING NOT NULL,
  content_hash STRING NOT NULL,
  x INT64 NOT NULL,
  y INT64 NOT NULL,
  level INT64 NOT NULL,
  drawn_at TIMESTAMP NOT NULL
)
