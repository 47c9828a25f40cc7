output "dotenv" {
  description = "For .env, and for any other Airflow's environment: terraform output -raw dotenv >> .env"
  value       = <<-EOT
    VITRINE_PROJECT=${var.project}
    VITRINE_LOCATION=${var.location}
    VITRINE_CONNECTION=${google_bigquery_connection.vitrine.connection_id}
    VITRINE_GALLERY=gs://${google_storage_bucket.galleries.name}/pages
    %{for bucket in google_storage_bucket.uploads~}
    VITRINE_UPLOADS=gs://${bucket.name}/
    %{endfor~}
    VITRINE_MANAGE_IAM=false
  EOT
}

output "collections" {
  description = "For include/collections.yaml: the dataset of each collection."
  value = yamlencode({
    collections = { for name, dataset in google_bigquery_dataset.collection : name => { dataset = dataset.dataset_id } }
  })
}

output "airflow_service_account" {
  description = "Whom Airflow acts as: its key, Workload Identity, or the account of its machine."
  value       = google_service_account.airflow.email
}

output "connection_service_account" {
  description = "Who reads the images and calls the model. Owners of foreign buckets grant it roles/storage.objectViewer."
  value       = google_bigquery_connection.vitrine.cloud_resource[0].service_account_id
}

output "vertex_service_account" {
  description = "Who also reads images in foreign buckets. Owners of those grant it roles/storage.objectViewer."
  value       = "service-${data.google_project.this.number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
}
