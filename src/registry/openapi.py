"""OpenAPI 3.1 from what the services declare: paths, verbs, schemas, permissions, docstrings."""

import inspect
import re
from collections.abc import Iterable
from typing import Any

import colander

from registry.permissions import Permission
from registry.receiving import FORM, RAW_TYPES
from registry.rest import PAGE, ResourceService

_V3 = ("/api/v3/", "/addon/")
_V5 = ("/api/v5/", "/firefox/downloads/")
VERSIONS = {
    "v4": ("Extension Registry API", lambda path: not path.startswith(_V3 + _V5)),
    "v5": ("Add-on API, as Mozilla's clients speak it", lambda path: path.startswith(_V5)),
    "v3": ("Signing API, frozen", lambda path: path.startswith(_V3)),
}
TYPES = {
    colander.String: {"type": "string"},
    colander.Integer: {"type": "integer"},
    colander.Float: {"type": "number"},
}
PROBLEM = {
    "type": "object",
    "required": ["detail", "code"],
    "properties": {"detail": {"type": "string"}, "code": {"type": "string"}},
}
FAULTS: dict[str, Any] = {
    "type": "object",
    "description": "The messages for each field; `non_field_errors` for the rest.",
    "additionalProperties": {"type": "array", "items": {"type": "string"}},
}
# Of v5, whose bodies have objects in them.
NESTED_FAULTS = FAULTS | {
    "additionalProperties": {
        "anyOf": [FAULTS["additionalProperties"], {"$ref": "#/components/schemas/Faults"}]
    },
}
FORM_FAULTS = {
    "description": "A list of one message when a part of the form is missing.",
    "anyOf": [{"$ref": "#/components/schemas/Faults"}, {"type": "array", "items": {"type": "string"}}],
}
PACKAGE = {"type": "string", "format": "binary"}
CREDENTIALS = {
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`JWT <token>`: HS256 by an API key, claims iss (the key), iat and exp (at most 310 s later).",
    },
    "token": {"type": "http", "scheme": "bearer", "description": "A personal token."},
    "auth_token": {
        "type": "apiKey",
        "in": "header",
        "name": "Auth-Token",
        "description": "A personal token.",
    },
}


def document(version: str) -> dict[str, Any]:
    """The description of one version of the API: a key of VERSIONS."""
    title, belongs = VERSIONS[version]
    faults = NESTED_FAULTS if version == "v5" else FAULTS
    paths: dict[str, Any] = {}
    for service in sorted(ResourceService.all, key=lambda service: service.public_path):
        if belongs(service.public_path) and service.media_type != PAGE:
            paths.setdefault(_template(service.public_path), {}).update(_path_item(service))
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version.removeprefix("v")},
        "paths": paths,
        "components": {"securitySchemes": CREDENTIALS, "schemas": {"Problem": PROBLEM, "Faults": faults}},
    }


def json_schema(node: colander.SchemaNode) -> dict[str, Any]:
    """A colander node as JSON Schema."""
    if isinstance(node.typ, colander.Mapping):
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {c.name: json_schema(c) for c in node.children},
        }
        required = [child.name for child in node.children if child.required]
        return schema | ({"required": required} if required else {})
    schema = dict(TYPES.get(type(node.typ)) or node.typ.json_schema())
    for validator in getattr(node.validator, "validators", [node.validator]):
        schema |= _constraints(validator)
    if node.description:
        schema["description"] = node.description
    if isinstance(node.missing, (str, int)):
        schema["default"] = node.missing
    return schema


def _constraints(validator: Any) -> dict[str, Any]:
    pairs: Iterable[tuple[str, Any]] = ()
    if isinstance(validator, colander.Range):
        pairs = (("minimum", validator.min), ("maximum", validator.max))
    elif isinstance(validator, colander.Length):
        pairs = (("minLength", validator.min), ("maxLength", validator.max))
    elif isinstance(validator, colander.OneOf):
        pairs = (("enum", list(validator.choices)),)
    return {key: value for key, value in pairs if value not in (None, -1)}


# A variable segment of a path, {name} or {name:regular expression}.
_SEGMENT = re.compile(r"{(\w+)(?::((?:[^{}]|{[^}]*})*))?}")


def _template(path: str) -> str:
    return _SEGMENT.sub(r"{\1}", path)


def _path_item(service: ResourceService) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if segments := _SEGMENT.findall(service.public_path):
        item["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": f"^(?:{pattern or '[^/]+'})$"},
            }
            for name, pattern in segments
        ]
    for method, view, arguments in service.definitions:
        if method not in ("HEAD", "OPTIONS"):
            item[method.lower()] = _operation(service, method, view, arguments)
    return item


def _operation(service: ResourceService, method: str, view: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    permission = Permission(arguments["permission"])
    operation: dict[str, Any] = {
        "operationId": f"{service.name}_{method.lower()}",
        "summary": (inspect.getdoc(view) or "").partition("\n")[0],
        "security": _security(permission),
        "responses": _responses(service, view, permission),
    }
    for validator in arguments.get("validators", ()):
        if schema := getattr(validator, "query_schema", None):
            operation.setdefault("parameters", []).extend(
                {"name": node.name, "in": "query", "required": node.required, "schema": json_schema(node)}
                for node in schema.children
            )
        elif schema := getattr(validator, "body_schema", None):
            operation["requestBody"] = _content({"application/json": json_schema(schema)})
    for part in getattr(view, "file_parts", ()):
        form = {"type": "object", "required": [part], "properties": {part: PACKAGE}}
        operation["requestBody"]["content"] |= _content({FORM: form})["content"]
    if getattr(view, "takes_package", False):
        part, fields = getattr(view, "package_part", None), getattr(view, "form_fields", {})
        parts = {part or "file": PACKAGE, **fields}
        form = {"type": "object", "required": list(parts), "properties": parts}
        bare = {} if part else {kind: PACKAGE for kind in RAW_TYPES if kind}
        operation["requestBody"] = _content({FORM: form, **bare})
    if kinds := getattr(view, "takes_files", ()):
        form = {"type": "object", "required": ["file"], "properties": {"file": PACKAGE}}
        operation["requestBody"] = _content({FORM: form, **{kind: PACKAGE for kind in kinds if kind}})
    return operation


def _security(permission: Permission) -> list[dict[str, Any]]:
    """The credentials that will do, with the scope a token must have."""
    scope = permission.scope
    if scope is None:
        return [{}, *({name: []} for name in CREDENTIALS)]
    if scope == "login":
        return [{"api_key": []}]
    return [{name: [] if name == "api_key" else [scope]} for name in CREDENTIALS]


def _responses(service: ResourceService, view: Any, permission: Permission) -> dict[str, Any]:
    kinds = getattr(view, "gives_files", ("application/zip", "application/x-xpinstall"))
    file = {kind: {"schema": PACKAGE} for kind in kinds}
    answer = {service.media_type: {"schema": view.answer}} if hasattr(view, "answer") else file
    if hasattr(view, "answer") or not service.media_type:
        status = str(getattr(view, "status", 200))
        responses: dict[str, Any] = {status: {"description": "Success.", "content": answer}}
    else:
        responses = {"204": {"description": "Done."}}
    if getattr(view, "takes_files", ()):
        responses["202"] = {"description": "Accepted; `Location` says where to look.", "content": answer}
        responses["409"] = _failure("There are as many as there can be.", "Problem")
        responses["413"] = _failure("The file is too large.", "Problem")
        responses["415"] = _failure("The body is of a type that is not taken here.", "Problem")
    if getattr(view, "takes_package", False) and not hasattr(view, "status"):
        responses["202"] = {"description": "Accepted; `Location` says where to look.", "content": answer}
        responses["409"] = _failure(
            "It exists with other bytes, or the name is too like another's.", "Problem"
        )
        responses["413"] = _failure("The package is too large.", "Problem")
        responses["415"] = _failure("The body is of a type that cannot be a package.", "Problem")
    responses["400"] = _failure("Something in the request is wrong.", "Faults")
    if hasattr(view, "form_fields"):
        responses["400"]["content"]["application/json"]["schema"] = FORM_FAULTS
    responses["401"] = _failure("A credential is missing or does not hold.", "Problem")
    responses["404"] = _failure("There is nothing at this address, or nothing that you may see.", "Problem")
    if not service.media_type:
        responses["206"] = {"description": "The part that `Range` asks for.", "content": file}
        responses["410"] = _failure("The extension has been disabled.", "Problem")
    if permission.scope or not service.media_type:
        responses["403"] = _failure("You may not do that.", "Problem")
    responses["default"] = _failure("Anything else that goes wrong; the code says what.", "Problem")
    return dict(sorted(responses.items()))


def _failure(description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _content(schemas: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in schemas.items()}}
