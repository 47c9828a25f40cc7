-- Preflight: the bucket can be listed and holds at least one image, or setup fails here and not at 2 a.m.
ASSERT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_images` WHERE content_type IN UNNEST(@content_types))
AS 'No image is listed by the object table. Check that VITRINE_OBJECT_URIS names a bucket with images of VITRINE_CONTENT_TYPES.'
