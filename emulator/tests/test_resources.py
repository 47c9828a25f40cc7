"""Resources of local-bigquery are changed one level deep."""

from local_bigquery.models import Job, Table
from local_bigquery.resource import Resource

from bqml_emulator.engine import resources

JOB = Job.model_validate(
    {
        "jobReference": {"projectId": "p", "jobId": "j"},
        "configuration": {
            "query": {"query": "SELECT @v"},
            "copy": {"writeDisposition": "X"},
        },
        "statistics": {"creationTime": 1},
        "unknown": "kept",
    }
)


def test_what_is_not_changed_is_taken_over_as_it_is(monkeypatch):
    monkeypatch.setattr(Resource, "replace", Resource.replace)
    monkeypatch.setattr(Resource, "without", Resource.without)
    expected = [JOB.replace(id=7).dump(), JOB.without("statistics", "unknown").dump()]
    resources.install()
    changed, shorter = JOB.replace(id=7), JOB.without("statistics", "unknown")
    assert [changed.dump(), shorter.dump()] == expected
    assert changed.configuration is shorter.configuration is JOB.configuration
    assert (changed.id, JOB.id, shorter.statistics) == ("7", None, None)


def test_names_that_python_keeps_for_itself_are_those_of_the_rest_api(monkeypatch):
    monkeypatch.setattr(Resource, "replace", resources._replace)
    table = Table.model_validate({"schema": {"fields": [{"name": "x", "type": "INT64"}]}})
    assert table.replace(description="d").schema_ is table.schema_
    assert table.replace(schema={"fields": []}).schema_.fields == []
    assert JOB.replace(status={"state": "DONE"}).configuration.copy_.writeDisposition == "X"
