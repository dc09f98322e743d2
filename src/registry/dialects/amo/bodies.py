"""JSON bodies as v5 of Mozilla's API takes them: what is not known is ignored, and faults stand where fields do."""

from collections.abc import Callable
from typing import Any

import colander
from pyramid.request import Request

from registry.errors import BadRequest
from registry.receiving import FORM
from registry.validators import json_object


def json_body(schema: colander.SchemaNode) -> Callable[..., None]:
    """Validate a JSON object. A 400 is ``{"version": {"license": [messages]}}`` for a fault within an object."""

    def validate(request: Request, **_: Any) -> None:
        try:
            request.validated.update(schema.deserialize(json_object(request)))
        except colander.Invalid as invalid:
            raise BadRequest(_faults(invalid)) from None

    validate.body_schema = schema  # type: ignore[attr-defined]
    return validate


def json_body_or_form(schema: colander.SchemaNode) -> Callable[..., None]:
    """As `json_body`, but leaves a form, which may hold a file, to the view."""
    of_json = json_body(schema)

    def validate(request: Request, **more: Any) -> None:
        if not is_form(request):
            of_json(request, **more)

    validate.body_schema = schema  # type: ignore[attr-defined]
    return validate


def is_form(request: Request) -> bool:
    return bool(request.content_type.lower() == FORM)


def _faults(invalid: colander.Invalid) -> Any:
    found = {child.node.name: _faults(child) for child in invalid.children}
    messages = [_text(message) for message in invalid.messages()]
    if not found:
        return messages
    return found | ({"non_field_errors": messages} if messages else {})


def _text(message: Any) -> str:
    text = str(message.interpolate() if hasattr(message, "interpolate") else message)
    return "This field is required." if text == "Required" else text
