from vienna_kernel.decode.content import TEXTUAL, Content
from vienna_kernel.decode.pointer import MISSING


def test_no_body_is_no_value() -> None:
    assert Content() == Content("none", MISSING, None)


def test_json_is_typed_and_forms_are_text() -> None:
    assert "json" not in TEXTUAL
    assert "form" in TEXTUAL
