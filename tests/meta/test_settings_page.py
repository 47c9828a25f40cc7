"""The page of the settings says what the models say."""

from scripts.settings_page import PAGE, page
from vitrine.collection import Collection, Model


def test_the_page_is_written_from_the_models(request):
    if request.config.getoption("--golden"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page(), "meant? then: make golden"


def test_every_setting_has_a_meaning_and_an_example():
    fields = Collection.model_fields | Model.model_fields
    bare = [name for name, field in fields.items() if not (field.description and field.examples)]
    assert bare == ["name"]
