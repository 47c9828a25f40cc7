-- Allow the connection's service account to call the model and read the objects. Skipped if `manage_iam` is false.
GRANT `roles/aiplatform.user`, `roles/storage.objectViewer` ON PROJECT `{{ collection.project }}`
TO "connection:{{ collection.connection_name }}"
