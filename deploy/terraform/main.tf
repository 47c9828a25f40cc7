# APIs, datasets and the connection. What setup_image_search finds here it leaves as it is.

data "google_project" "this" {
  project_id = var.project
}

resource "google_project_service" "api" {
  for_each = toset([
    "aiplatform.googleapis.com",
    "bigquery.googleapis.com",
    "bigqueryconnection.googleapis.com",
    "bigquerystorage.googleapis.com",      # the notebook's read sessions
    "cloudresourcemanager.googleapis.com", # the preflight asks what may be done in the project
    "storage.googleapis.com",
  ])
  project            = var.project
  service            = each.key
  disable_on_destroy = false # others in the project may need it
}

resource "google_bigquery_dataset" "collection" {
  for_each   = var.datasets
  project    = var.project
  dataset_id = each.value
  location   = var.location
  # Embeddings cost money: terraform destroy must not take them along. teardown_image_search does, and asks.
  delete_contents_on_destroy = false
  max_time_travel_hours      = "168"
  labels                     = { vitrine_collection = each.key }
  depends_on                 = [google_project_service.api]
}

resource "google_bigquery_connection" "vitrine" {
  project       = var.project
  location      = var.location
  connection_id = var.connection
  description   = "Reads the images' buckets and calls the embedding model."
  cloud_resource {}
  depends_on = [google_project_service.api]
}

resource "google_storage_bucket" "galleries" {
  project                     = var.project
  name                        = var.gallery_bucket
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  dynamic "lifecycle_rule" {
    for_each = var.gallery_days == null ? [] : [var.gallery_days]
    content {
      condition {
        age = lifecycle_rule.value
      }
      action {
        type = "Delete"
      }
    }
  }
  depends_on = [google_project_service.api]
}

# A picture that somebody searches with lies here for seconds, and nothing of it stays.
resource "google_storage_bucket" "uploads" {
  count                       = var.uploads_bucket == null ? 0 : 1
  project                     = var.project
  name                        = var.uploads_bucket
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  soft_delete_policy {
    retention_duration_seconds = 0
  }
  lifecycle_rule {
    condition {
      age = 1 # what a killed process has left
    }
    action {
      type = "Delete"
    }
  }
  depends_on = [google_project_service.api]
}
