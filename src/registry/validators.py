"""Colander at the edge: query strings and JSON bodies into ``request.validated``, all faults at once."""

from collections.abc import Callable
from typing import Any

import colander
import orjson
from pyramid.request import Request

from registry.errors import ApiError, BadRequest

JSON_BODY_BYTES = 1024 * 1024


def query(schema: colander.SchemaNode) -> Callable[..., None]:
    """Validate the query string; unknown parameters are ignored, since caches and clients add their own.

    Of a parameter that was sent more than once the last counts, or all do where its type is ``repeated``.
    """

    def validate(request: Request, **_: Any) -> None:
        known = {
            node.name: request.GET.getall(node.name)
            if getattr(node.typ, "repeated", False)
            else request.GET[node.name]
            for node in schema.children
            if node.name in request.GET
        }
        values = deserialize(schema, known)
        # No database can hold it, so nothing is found by it, and PostgreSQL will not even look.
        if bad := [name for name, value in values.items() if isinstance(value, str) and "\0" in value]:
            raise BadRequest({name: ["This must not contain a NUL character."] for name in bad})
        request.validated.update(values)

    validate.query_schema = schema  # type: ignore[attr-defined]
    return validate


def json_body(schema: colander.SchemaNode) -> Callable[..., None]:
    """Validate a JSON object body.

    Unknown fields are refused, for the reason in ``schema.refused`` if there is one; ``schema.lenient`` ignores them.
    """

    def validate(request: Request, **_: Any) -> None:
        body = json_object(request)
        why: dict[str, str] = getattr(schema, "refused", {})
        lenient = getattr(schema, "lenient", False)
        unknown = () if lenient else sorted(set(body) - {node.name for node in schema.children})
        faults = {name: [why.get(name, "This field is not known here.")] for name in unknown}
        try:
            request.validated.update(deserialize(schema, body))
        except BadRequest as bad:
            faults |= bad.fields
        if faults:
            raise BadRequest(faults)

    validate.body_schema = schema  # type: ignore[attr-defined]
    return validate


def json_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body. Raises BadRequest, and ApiError 413 and 415."""
    if request.content_type.lower() != "application/json":
        raise ApiError(415, "Send a JSON body as application/json.", "ERROR_UNSUPPORTED_MEDIA_TYPE")
    text = request.body_file.read(JSON_BODY_BYTES + 1)
    if len(text) > JSON_BODY_BYTES:
        raise ApiError(413, f"A JSON body may have at most {JSON_BODY_BYTES} bytes.", "ERROR_TOO_LARGE")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest({"non_field_errors": [f"The body is not JSON: {error}."]}) from None
    if not isinstance(body, dict):
        raise BadRequest({"non_field_errors": ["The body must be a JSON object."]})
    return body


def deserialize(schema: colander.SchemaNode, values: Any) -> dict[str, Any]:
    """What the schema makes of the values. Raises BadRequest with all that is wrong."""
    try:
        result: dict[str, Any] = schema.deserialize(values)
    except colander.Invalid as invalid:
        faults: dict[str, list[str]] = {}
        for name, text in invalid.asdict(separator=None).items():
            messages = text if isinstance(text, list) else [text]
            faults.setdefault(name.partition(".")[0] or "non_field_errors", []).extend(messages)
        raise BadRequest(faults) from None
    return result
