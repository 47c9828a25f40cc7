-- The dataset for all tables, the model and the index, in the location of the bucket.
CREATE SCHEMA IF NOT EXISTS `{{ collection.project }}.{{ collection.dataset }}` OPTIONS (location = '{{ collection.location }}')
