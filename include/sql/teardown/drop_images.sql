-- Drop the object table, which all models of the collection share. Grain: one table. No object in the bucket is touched.
DROP EXTERNAL TABLE IF EXISTS {{ table('images') }}
