variable "project" {
  description = "Id of the Google Cloud project that owns the datasets and pays. It must exist and have billing."
  type        = string
}

variable "location" {
  description = "Location of datasets, connection and galleries: that of the images' bucket."
  type        = string
  default     = "US"
}

variable "datasets" {
  description = "One BigQuery dataset for each collection, by the collection's name."
  type        = map(string)
  default     = { met = "bqml_tutorial" }
}

variable "connection" {
  description = "Name of the BigQuery connection; all collections share it."
  type        = string
  default     = "vitrine"
}

variable "image_buckets" {
  description = "Buckets of this project that hold images."
  type        = set(string)
  default     = []
}

variable "foreign_image_buckets" {
  description = "Buckets of other projects that hold images. Whoever applies this must be allowed to grant on them. Public buckets need no grant: leave them out."
  type        = set(string)
  default     = []
}

variable "gallery_bucket" {
  description = "Bucket to make for the galleries of searches. Bucket names are unique in all of Google Cloud."
  type        = string
}

variable "gallery_days" {
  description = "Days after which a gallery is deleted; null keeps them."
  type        = number
  default     = 365
}

variable "uploads_bucket" {
  description = "Bucket to make for pictures that people search with; null: nobody searches with a picture of their own."
  type        = string
  default     = null
}

variable "airflow_runs_setup" {
  description = "Whether Airflow's account may run setup_image_search. Apply again with false when setup is done."
  type        = bool
  default     = true
}

variable "setup_members" {
  description = "Who else may set up, such as user:ada@example.com."
  type        = set(string)
  default     = []
}

variable "notebook_members" {
  description = "Who may open the notebook on the embeddings, such as group:curators@example.com."
  type        = set(string)
  default     = []
}

variable "kubernetes_service_accounts" {
  description = "Kubernetes service accounts, as namespace/name, that act as Airflow's account by Workload Identity of a GKE cluster in this project."
  type        = set(string)
  default     = []
}
