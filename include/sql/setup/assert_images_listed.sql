-- Preflight: fail now, not at 2 a.m., unless the bucket can be listed and has at least one image.
ASSERT EXISTS (SELECT 1 FROM {{ table('images') }} WHERE
  {% include 'embed/parts/is_image.sql' %})
AS 'No image is listed by the object table. Check that VITRINE_OBJECTS names a bucket with images of VITRINE_CONTENT_TYPES.'
