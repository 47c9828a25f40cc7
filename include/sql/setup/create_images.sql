-- The object table: one row an object of the bucket, listed live. It holds no data, so replacing it loses nothing
-- and picks up a changed VITRINE_OBJECT_URIS.
CREATE OR REPLACE EXTERNAL TABLE {{ table('images') }}
WITH CONNECTION `{{ collection.connection_name }}`
OPTIONS (object_metadata = 'SIMPLE', uris = [{% for uri in collection.objects %}'{{ uri }}'{{ ', ' if not loop.last }}{% endfor %}])
