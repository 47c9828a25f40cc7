# Who may do what: no more than docs/production.md says. All grants add to those that are there.

locals {
  connection_account = "serviceAccount:${google_bigquery_connection.vitrine.cloud_resource[0].service_account_id}"
  # The account with which Vertex AI itself reads pictures from another project's bucket:
  # https://docs.cloud.google.com/bigquery/docs/generate-visual-content-embedding
  vertex_account = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
  image_buckets  = setunion(var.image_buckets, var.foreign_image_buckets)
  setup_members = merge(
    { for member in var.setup_members : member => member },
    var.airflow_runs_setup ? { airflow = google_service_account.airflow.member } : {},
  )
}

resource "google_service_account" "airflow" {
  project      = var.project
  account_id   = "vitrine-airflow"
  display_name = "Vitrine: Airflow"
}

resource "google_service_account_iam_member" "kubernetes" {
  for_each           = var.kubernetes_service_accounts
  service_account_id = google_service_account.airflow.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${each.key}]"
}

# ---- The connection: calls the model, reads the images ----

resource "google_project_iam_member" "connection_calls_model" {
  project = var.project
  role    = "roles/aiplatform.user"
  member  = local.connection_account
}

resource "google_storage_bucket_iam_member" "connection_reads_images" {
  for_each = local.image_buckets
  bucket   = each.key
  role     = "roles/storage.objectViewer"
  member   = local.connection_account
}

resource "google_storage_bucket_iam_member" "vertex_reads_foreign_images" {
  for_each = var.foreign_image_buckets
  bucket   = each.key
  role     = "roles/storage.objectViewer"
  member   = local.vertex_account
}

# ---- Airflow at night ----

resource "google_project_iam_member" "airflow_runs_jobs" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.airflow.member
}

resource "google_bigquery_connection_iam_member" "airflow_uses_connection" {
  project       = var.project
  location      = google_bigquery_connection.vitrine.location
  connection_id = google_bigquery_connection.vitrine.connection_id
  role          = "roles/bigquery.connectionUser"
  member        = google_service_account.airflow.member
}

resource "google_bigquery_dataset_iam_member" "airflow_edits_data" {
  for_each   = google_bigquery_dataset.collection
  project    = var.project
  dataset_id = each.value.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.airflow.member
}

# ---- Airflow for pictures ----

resource "google_storage_bucket_iam_member" "airflow_reads_images" {
  for_each = local.image_buckets
  bucket   = each.key
  role     = "roles/storage.objectViewer"
  member   = google_service_account.airflow.member
}

resource "google_storage_bucket_iam_member" "airflow_writes_galleries" {
  bucket = google_storage_bucket.galleries.name
  role   = "roles/storage.objectAdmin"
  member = google_service_account.airflow.member
}

# ---- People's own pictures ----

resource "google_storage_bucket_iam_member" "airflow_writes_uploads" {
  count  = length(google_storage_bucket.uploads)
  bucket = google_storage_bucket.uploads[0].name
  role   = "roles/storage.legacyBucketWriter"
  member = google_service_account.airflow.member
}

resource "google_bigquery_connection_iam_member" "airflow_names_uploads" {
  count         = length(google_storage_bucket.uploads)
  project       = var.project
  location      = google_bigquery_connection.vitrine.location
  connection_id = google_bigquery_connection.vitrine.connection_id
  role          = "roles/bigquery.objectRefReader"
  member        = google_service_account.airflow.member
}

resource "google_storage_bucket_iam_member" "connection_reads_uploads" {
  count  = length(google_storage_bucket.uploads)
  bucket = google_storage_bucket.uploads[0].name
  role   = "roles/storage.objectViewer"
  member = local.connection_account
}

# ---- Whoever sets up ----

# CREATE SCHEMA and CREATE CONNECTION, also of what is there already.
resource "google_project_iam_member" "setup_runs_jobs" {
  for_each = local.setup_members
  project  = var.project
  role     = "roles/bigquery.user"
  member   = each.value
}

resource "google_project_iam_member" "setup_manages_connections" {
  for_each = local.setup_members
  project  = var.project
  role     = "roles/bigquery.connectionAdmin"
  member   = each.value
}

resource "google_bigquery_dataset_iam_member" "setup_edits_data" {
  for_each = {
    for pair in setproduct(keys(var.datasets), var.setup_members) : "${pair[0]}/${pair[1]}" => pair
  }
  project    = var.project
  dataset_id = google_bigquery_dataset.collection[each.value[0]].dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = each.value[1]
}

# ---- The notebook ----

resource "google_project_iam_member" "notebook" {
  for_each = {
    for pair in setproduct(["bigquery.readSessionUser", "bigquery.studioUser"], var.notebook_members) :
    "${pair[0]}/${pair[1]}" => pair
  }
  project = var.project
  role    = "roles/${each.value[0]}"
  member  = each.value[1]
}

resource "google_bigquery_dataset_iam_member" "notebook_reads_data" {
  for_each = {
    for pair in setproduct(keys(var.datasets), var.notebook_members) : "${pair[0]}/${pair[1]}" => pair
  }
  project    = var.project
  dataset_id = google_bigquery_dataset.collection[each.value[0]].dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = each.value[1]
}

resource "google_bigquery_connection_iam_member" "notebook_uses_connection" {
  for_each      = toset(var.notebook_members)
  project       = var.project
  location      = google_bigquery_connection.vitrine.location
  connection_id = google_bigquery_connection.vitrine.connection_id
  role          = "roles/bigquery.connectionUser"
  member        = each.value
}

resource "google_storage_bucket_iam_member" "notebook_reads_images" {
  for_each = {
    for pair in setproduct(local.image_buckets, var.notebook_members) : "${pair[0]}/${pair[1]}" => pair
  }
  bucket = each.value[0]
  role   = "roles/storage.objectViewer"
  member = each.value[1]
}
