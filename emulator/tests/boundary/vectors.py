"""A table with vectors on the service under test, its vector index, and searches in it."""

from vector_data import load, vectors

from boundary.service import Service

ROWS, DIMENSION = 5_200, 256  # 10.6 MB: above both gates
BRUTE = ", options => '{\"use_brute_force\": true}'"
STATE = "index_status, coverage_percentage, unindexed_row_count, last_refresh_time"


class Indexed:
    """The table `name` with columns n, kind and embedding."""

    def __init__(self, service: Service, dataset: str, name: str = "t"):
        self.service, self.dataset, self.name = service, dataset, f"{dataset}.{name}"

    def fill(self, rows: int = ROWS, dimension: int = DIMENSION, first: int = 0):
        """Append rows numbered from `first`."""
        load(self.service.bigquery, self.name, vectors(rows, dimension, seed=first + 1), first)

    def index(
        self, prefix="CREATE VECTOR INDEX ix", clauses="", options="distance_type = 'COSINE'", kind="IVF"
    ):
        """Run CREATE VECTOR INDEX."""
        listed = ", ".join(filter(None, (f"index_type = '{kind}'", options)))
        return self.service.ask(f"{prefix} ON {self.name}(embedding) {clauses} OPTIONS ({listed})")

    def row(self, columns: str = STATE) -> tuple | None:
        """Columns of the index's row in INFORMATION_SCHEMA.VECTOR_INDEXES, or None without an index."""
        table = self.name.rpartition(".")[2]
        view = f"{self.dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES"
        rows = self.service.ask(f"SELECT {columns} FROM {view} WHERE table_name = '{table}'")
        return next(iter(rows), None)

    def wait_full(self):
        """Wait until the index covers every row."""
        self.service.wait_until(lambda: self.row("coverage_percentage") == (100,))

    def search(
        self, arguments: str = "", where: str = "", select: str = "base.n, distance", n: int = 7
    ) -> str:
        """A statement that searches the neighbours of row `n`."""
        base = f"(SELECT * FROM {self.name} WHERE {where})" if where else f"TABLE {self.name}"
        value = f"(SELECT embedding FROM {self.name} WHERE n = {n})"
        search = f"VECTOR_SEARCH({base}, 'embedding', query_value => {value}{arguments})"
        return f"SELECT {select} FROM {search} ORDER BY distance"
