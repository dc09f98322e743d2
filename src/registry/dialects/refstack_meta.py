"""What is said of an upload to RefStack's later API: ``/v1/results/{uuid}/meta/{key}``.

The keys are `shared`, `guideline` and `target`, the body of a POST is the value. That there is a key `shared`, whatever
its value, shows signed results to others.
"""

from pyramid.request import Request

from registry.dialects.refstack_results import PATH, shown
from registry.domain import refstack
from registry.errors import ApiError, bad_field
from registry.permissions import Permission
from registry.resources import test_runs as nodes
from registry.rest import ResourceService, answering, with_files

meta = ResourceService("refstack_upload_meta", f"{PATH}{{uuid}}/meta/", nodes.UploadMeta)
meta_key = ResourceService(
    "refstack_upload_meta_key",
    f"{PATH}{{uuid}}/meta/{{meta_key}}/",
    nodes.UploadMeta,
    traverse=f"{PATH}{{uuid}}/meta",
)


@meta.get(permission=Permission.READ)
@answering({"type": "object"})
def list_meta(request: Request) -> dict[str, str]:
    """What is said of an upload."""
    found: dict[str, str] = shown(request, request.context.__parent__).meta
    return found


@meta_key.get(permission=Permission.READ)
@answering({"type": "string"})
def show_meta(request: Request) -> str:
    """One value of what is said of an upload."""
    return _value(request)


@meta_key.post(permission=Permission.REPORT_RUN)
@answering({"type": "string"}, 201)
@with_files(taken=("", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"))
def set_meta(request: Request) -> str:
    """Say something of one's upload; the body is the value. That there is a key `shared` shares it."""
    key = _writable(request)
    most = 4 * refstack.META_LENGTH  # bytes of UTF-8
    body = request.body_file.read(most + 1)
    try:
        # The end of a longer one may be in the middle of a character.
        value = body.decode(errors="strict" if len(body) <= most else "replace")
    except UnicodeDecodeError:
        raise bad_field(key, "This is not UTF-8.") from None
    if len(value) > refstack.META_LENGTH or "\0" in value:
        raise bad_field(key, f"This may have at most {refstack.META_LENGTH} characters, and no NUL.")
    request.database.write(refstack.say, request.context.__parent__.row.id, {key: value})
    request.response.status_int = 201
    return value


@meta_key.delete(permission=Permission.REPORT_RUN)
def remove_meta(request: Request) -> None:
    """Say it no more."""
    key = _writable(request)
    _value(request)
    request.database.write(refstack.say, request.context.__parent__.row.id, {key: None})
    request.response.status_int = 204


def _value(request: Request) -> str:
    key = request.matchdict["meta_key"]
    try:
        return str(shown(request, request.context.__parent__).meta[key])
    except KeyError:
        raise ApiError(404, "Nothing is said of that.", "ERROR_NOT_FOUND") from None


def _writable(request: Request) -> str:
    key: str = request.matchdict["meta_key"]
    if key not in refstack.META:
        raise ApiError(403, f"Only {', '.join(refstack.META)} can be said.", "ERROR_PERMISSION_DENIED")
    return key
