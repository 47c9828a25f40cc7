"""The hidden dataset of query results, into which clients (Ibis, BigQuery DataFrames) write tables.

On BigQuery it has a name of its own for every user, and its tables expire after 24 hours; so do these.
"""

from local_bigquery.catalog import datasets, tables


def install():
    """Let the dataset that query jobs name as their destination be found."""
    get = datasets.get

    def get_with_anonymous(project_id, dataset_id):
        if dataset_id == tables.RESULTS:
            return datasets._defaults(project_id, dataset_id)
        return get(project_id, dataset_id)

    datasets.get = get_with_anonymous
