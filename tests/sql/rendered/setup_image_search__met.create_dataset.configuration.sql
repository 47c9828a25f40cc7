-- The dataset for all tables, the model and the index, in the location of the bucket.
-- By its label teardown_image_search knows that it was made here; a dataset that was there before gets none.
CREATE SCHEMA IF NOT EXISTS `demo-project.bqml_tutorial` OPTIONS (location = 'US', labels = [('vitrine', 'made_by_setup')])
