"""A table on an emulator, its vector index, and the questions that tests ask about them."""

from emulator_process import wait_until
from google.cloud.bigquery import QueryJobConfig
from vector_data import load, vectors

ROWS, DIMENSION = 5_200, 256  # 10.6 MB: above both gates
STATE = (
    "SELECT index_status, coverage_percentage, unindexed_row_count, last_refresh_time, disable_reason, "
    "disable_time "
    "FROM {ds}.INFORMATION_SCHEMA.VECTOR_INDEXES WHERE table_name = '{table}'"
)
CREATE = (
    "CREATE VECTOR INDEX ix ON {ds}.{table}(embedding) OPTIONS(index_type = 'IVF', distance_type = 'COSINE')"
)


class Indexed:
    """A table on an emulator and the questions that the tests ask about its index."""

    def __init__(self, emulator, ds: str, table: str = "t"):
        self.emulator, self.ds, self.table = emulator, ds, table
        self.client = emulator.bigquery()

    def ask(self, sql: str, **config):
        sql = sql.replace("{ds}", self.ds).replace("{table}", self.table)
        return [
            tuple(row.values())
            for row in self.client.query_and_wait(sql, job_config=QueryJobConfig(**config))
        ]

    def fill(self, rows: int = ROWS, dimension: int = DIMENSION, first: int = 0):
        load(self.client, f"{self.ds}.{self.table}", vectors(rows, dimension, seed=first + 1), first)

    def state(self) -> tuple:
        [row] = self.ask(STATE)
        return row

    def coverage(self) -> int:
        return self.state()[1]

    def wait_full(self):
        wait_until(lambda: self.coverage() == 100)

    def usage(self, sql: str) -> dict:
        job = self.client.query(sql.replace("{ds}", self.ds).replace("{table}", self.table))
        job.result()
        return self.client.get_job(job.job_id)._properties["statistics"]["query"]["vectorSearchStatistics"]

    def code(self, arguments: str = "") -> str:
        usage = self.usage(SEARCH % arguments)
        assert usage["indexUsageMode"] == "UNUSED"
        return usage["indexUnusedReasons"][0]["code"]


SEARCH = (
    "SELECT base.n, distance FROM VECTOR_SEARCH(TABLE {ds}.{table}, 'embedding', "
    "query_value => (SELECT embedding FROM {ds}.{table} WHERE n = 7)%s) ORDER BY distance"
)


def filtered(sql: str, condition: str) -> str:
    """A search whose base is a query with a WHERE clause."""
    return sql.replace("TABLE {ds}.{table}", f"(SELECT * FROM {{ds}}.{{table}} WHERE {condition})")
