-- What the connection's service account may do: call the model, read the objects. Skipped when VITRINE_MANAGE_IAM is false.
GRANT `roles/aiplatform.user`, `roles/storage.objectViewer` ON PROJECT `demo-project`
TO "connection:demo-project.us.vitrine"
