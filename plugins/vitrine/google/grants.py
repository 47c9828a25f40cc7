"""Command lines that grant a role, for people to paste. Pure functions.

:param member: who gets it, e.g. serviceAccount:night@my-project.iam.gserviceaccount.com
"""

from __future__ import annotations

from typing import Final

from vitrine.collection import Collection

# Roles of the service account of a BigQuery connection: it calls the model and reads the images.
CALLS_THE_MODEL: Final = "roles/aiplatform.user"
READS_OBJECTS: Final = "roles/storage.objectViewer"


def on_project(project: str, member: str, role: str) -> str:
    """Grant a role on a project."""
    return (
        f"gcloud projects add-iam-policy-binding {project} --member={member} --role={role} --condition=None"
    )


def on_bucket(bucket: str, member: str, role: str) -> str:
    """Grant a role on a bucket."""
    return f"gcloud storage buckets add-iam-policy-binding gs://{bucket} --member={member} --role={role}"


def on_dataset(collection: Collection, member: str, role: str) -> str:
    """Grant a role on the dataset of a collection."""
    dataset = f"`{collection.project}.{collection.dataset}`"
    return (
        f"bq query --project_id={collection.project} --location={collection.location} --use_legacy_sql=false "
        f"'GRANT `{role}` ON SCHEMA {dataset} TO \"{member}\"'"
    )


def to_connection(collection: Collection, account: str) -> list[str]:
    """Grant the account of the BigQuery connection all that it needs."""
    member = f"serviceAccount:{account}"
    return [
        on_project(collection.project, member, CALLS_THE_MODEL),
        *(on_bucket(bucket, member, READS_OBJECTS) for bucket in collection.buckets),
    ]
