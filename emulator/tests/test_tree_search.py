"""The faster search finds what sqlglot's finds, in its order."""

import pytest
import sqlglot
from sqlglot import exp

from bqml_emulator.core import tree_search

STATEMENTS = (
    "SELECT 1",
    "WITH a AS (SELECT x, y + 1 AS z FROM t WHERE x IN (1, 2) GROUP BY 1, 2) "
    "SELECT (SELECT MAX(z) FROM a), b.* FROM a JOIN b USING (x), UNNEST([STRUCT(1 AS f, [2, 3] AS g)]) AS u "
    "ORDER BY x DESC LIMIT 3",
    "MERGE t USING (SELECT x FROM s) AS s ON t.x = s.x WHEN MATCHED THEN UPDATE SET y = s.x "
    "WHEN NOT MATCHED THEN INSERT (x, y) VALUES (s.x, NULL)",
)
TYPES = ((exp.Expression,), (exp.Column,), (exp.Literal, exp.Table), (exp.Select, exp.Subquery), ())


@pytest.mark.parametrize("types", TYPES)
@pytest.mark.parametrize("sql", STATEMENTS)
@pytest.mark.parametrize("bfs", [True, False])
def test_the_same_nodes_in_the_same_order(sql, types, bfs):
    tree = sqlglot.parse_one(sql, dialect="bigquery")
    found = list(map(id, tree_search.find_all(tree, *types, bfs=bfs)))
    theirs = list(map(id, tree_search._find_all(tree, *types, bfs=bfs)))
    assert found == theirs
    assert bool(found) == any(isinstance(node, types) for node in tree.walk())


@pytest.mark.parametrize("search", [tree_search.find_all, tree_search._find_all])
def test_what_a_node_is_given_before_the_next_is_taken_is_searched_and_what_it_has_lost_is_not(search):
    tree = sqlglot.parse_one("SELECT f(a), g(b)", dialect="bigquery")
    found = []
    for node in search(tree, exp.Anonymous, exp.Column):
        found.append(node.name)
        if node.name == "f":
            node.set("expressions", [exp.column("c"), exp.column("d")])
    assert found == ["f", "g", "c", "d", "b"]
