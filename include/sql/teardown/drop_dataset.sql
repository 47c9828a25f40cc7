-- Drop the dataset that setup has made. Grain: one dataset. RESTRICT: BigQuery refuses unless it is empty.
DROP SCHEMA IF EXISTS `{{ collection.project }}.{{ collection.dataset }}` RESTRICT
