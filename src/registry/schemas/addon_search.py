"""What Mozilla's add-on clients may ask a search for."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

import colander

from registry.domain import compatibility
from registry.domain.errors import Invalid
from registry.schemas.queries import Time
from registry.schemas.search import Searchable
from registry.schemas.translations import Language

LONGEST = 100
MOST = 100  # of what is listed with commas
HOSTS = {"firefox": compatibility.FIREFOX, "android": compatibility.FIREFOX_ANDROID}
TYPES = ("extension", "statictheme")
# Of several the first counts. Nothing is recommended here, and nothing is drawn by lot.
SORTS = ("created", "downloads", "hotness", "ratings", "relevance", "updated", "users")
_IGNORED_SORTS = ("random", "recommended")
_RTA = "rta:"


class Listed(colander.SchemaType):
    """Texts with commas between them; ``read`` makes a value of each (ValueError)."""

    def __init__(self, read: Callable[[str], Any] = str):
        self.read = read

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "description": "Several with commas between them."}

    def deserialize(self, node: Any, cstruct: Any) -> Any:
        if cstruct is colander.null or not cstruct.strip():
            return colander.null
        parts = [part.strip() for part in cstruct.split(",")]
        if len(parts) > MOST or not all(0 < len(part) <= 300 and part.isprintable() for part in parts):
            raise colander.Invalid(node, f"This must be at most {MOST} words with commas between them.")
        try:
            return [self.read(part) for part in parts]
        except ValueError as fault:
            raise colander.Invalid(node, str(fault)) from None


def _guid(text: str) -> str:
    """A guid, as it is or as `rta:` and base64 of it."""
    if not text.startswith(_RTA):
        return text
    coded = text.removeprefix(_RTA)
    try:
        guid = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except (binascii.Error, ValueError):
        guid = ""
    if not guid.isprintable() or not 0 < len(guid) <= 255:
        raise ValueError("Behind `rta:` there must be a guid in base64.")
    return guid


def _sort(text: str) -> str | None:
    order = text.removeprefix("-")
    if order in _IGNORED_SORTS:
        return None
    if order not in SORTS:
        raise ValueError(f"The orders are {', '.join(SORTS + _IGNORED_SORTS)}.")
    return order


def _field(kind: Any, description: str, **options: Any) -> colander.SchemaNode:
    return colander.SchemaNode(kind, missing=None, description=description, **options)


class AutocompleteSchema(colander.MappingSchema):
    q = _field(Searchable(LONGEST), "The beginning of a name.")
    lang = _field(Language(), "Names in this language.")


class SearchSchema(colander.MappingSchema):
    q = _field(Searchable(LONGEST), "Words to look for.")
    app = colander.SchemaNode(
        colander.String(),
        missing="firefox",
        validator=colander.OneOf(list(HOSTS)),
        description="What `appversion` is a version of.",
    )
    appversion = _field(Searchable(LONGEST), "Only what runs on this version of `app`.")
    author = _field(Listed(), "Only by these users, by name or number.")
    category = _field(Searchable(LONGEST), "Only of this category.")
    exclude_addons = _field(Listed(), "Not these, by number, slug or guid.")
    guid = _field(Listed(_guid), "Only these; one may be `rta:` and its base64.")
    lang = _field(Language(), "Texts in this language.")
    promoted = _field(Searchable(LONGEST), "Only promoted add-ons; here there are none.")
    sort = _field(Listed(_sort), f"The order: {', '.join(SORTS)}.")
    tag = _field(Listed(), "Only with all of these tags.")
    type = _field(Listed(), f"Only of these types: {', '.join(TYPES)}; there are no others here.")

    def validator(self, node: Any, values: dict[str, Any]) -> None:
        if values["appversion"] is None:
            return
        try:
            compatibility.check(HOSTS[values["app"]], values["appversion"])
        except Invalid as fault:
            wrong = colander.Invalid(node)
            wrong["appversion"] = f"{fault.code}: {fault}"
            raise wrong from None


# Of each: a name of the contract, and how it is compared.
COMPARED = {
    f"{name}{'__' if how else ''}{how}": (name, how)
    for name in ("created", "updated", "ratings", "users")
    for how in ("", "gt", "gte", "lt", "lte")
}


def compared() -> colander.MappingSchema:
    """The parameters that are compared: times (``created``, ``updated``) and numbers."""
    schema = colander.MappingSchema()
    for parameter, (name, _) in COMPARED.items():
        about = f"Compared with `{name}`."
        if name in ("created", "updated"):
            schema.add(_field(Time(), about, name=parameter))
        else:
            schema.add(_field(colander.Float(), about, name=parameter, validator=_countable))
    return schema


def _countable(node: Any, value: float) -> None:
    if not 0 <= value < 1e12:
        raise colander.Invalid(node, "This must be a number that is not below 0.")
