"""The fields of ``package.json`` that npm has coined, in all the spellings that it has seen."""

from registry.packages.fields import Fields


def read_dependencies(fields: Fields) -> dict[str, str]:
    said = "The registry never runs npm, but clients that install what an extension asks for will."
    dependencies = fields.words("dependencies", 500, 500)
    if dependencies:
        fields.warn("dependencies", f'"dependencies" names npm packages. {said}', "NPM_DEPENDENCIES")
    if fields.words("scripts", 500, 4000):
        fields.warn("scripts", f'"scripts" holds commands for npm. {said}', "NPM_SCRIPTS")
    return dependencies


def read_keywords(fields: Fields) -> tuple[str, ...]:
    """A list, or a text with commas or blanks between the words."""
    written = fields.data.get("keywords")
    if isinstance(written, str):
        words = written.split("," if "," in written else None)
        fields = Fields({"keywords": words}, fields.path, fields.findings)
    return fields.texts("keywords", 100, 200)


def read_support_url(fields: Fields) -> str | None:
    if isinstance(fields.data.get("bugs"), str):
        return fields.link("bugs")
    bugs = fields.within("bugs")
    return bugs.link("url") or bugs.link("web")


def read_license(fields: Fields) -> str | None:
    """The licence's name; npm's old spellings are an object with a ``type``, and a list of such."""
    key = next((key for key in ("license", "licence", "licenses") if fields.data.get(key)), "license")
    value = fields.data.get(key)
    items = value if isinstance(value, list) else [value]
    named = [item.get("type") or item.get("url") if isinstance(item, dict) else item for item in items]
    inner = Fields({key: [name for name in named if name] or None}, fields.path, fields.findings)
    return " OR ".join(inner.texts(key, 10, 200)) or None
