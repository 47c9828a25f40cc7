-- The dataset of every table, the model and the index; in the location of the bucket's readers.
CREATE SCHEMA IF NOT EXISTS `{{ collection.project }}.{{ collection.dataset }}` OPTIONS (location = '{{ collection.location }}')
