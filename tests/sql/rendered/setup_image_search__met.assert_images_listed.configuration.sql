-- Preflight: fail now, not at 2 a.m., unless the bucket can be listed and has at least one image.
ASSERT EXISTS (SELECT 1 FROM `demo-project.bqml_tutorial.met_images` WHERE
  -- Whether an object is an image of ours: by its media type, whatever the case of its letters and its parameters.
LOWER(TRIM(SPLIT(content_type, ';')[SAFE_OFFSET(0)])) IN UNNEST(@content_types))
AS 'No image is listed by the object table. Check that VITRINE_OBJECTS names a bucket with images of VITRINE_CONTENT_TYPES.'
