-- The dataset of every table, the model and the index; in the location of the bucket's readers.
CREATE SCHEMA IF NOT EXISTS `{{ settings.project }}.{{ settings.dataset }}` OPTIONS (location = '{{ settings.location }}')
