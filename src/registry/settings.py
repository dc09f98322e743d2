"""Every setting of the ini file, in one place: key, type, default and what it is for.

`docs/settings.md` is written from this table (`make docs`). A key under one of our prefixes that is
not in the table is refused at start, so a misspelt limit cannot silently mean the default.
"""

import dataclasses
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PREFIXES = (
    "registry.",
    "package.",
    "images.",
    "validators.",
    "signing.",
    "jobs.",
    "reports.",
    "login.",
    "limits.",
    "trusted_publishing.",
    "mail.",
    "webhooks.",
    "results.",
)
# The options of a login provider NAME, as `login.NAME.OPTION`.
PROVIDER_OPTIONS = {
    "kind": "`github`, or `oidc` (default) for any OpenID Connect provider.",
    "title": "What people read on the login page; the name of the provider if left out.",
    "issuer": "OIDC: the issuer's address, below which `.well-known/openid-configuration` is found.",
    "client_id": "As registered with the provider; the redirect address is `PUBLIC_URL/login/NAME/callback`.",
    "client_secret": "As registered with the provider; may be left out for a public client.",
    "scope": "OIDC: what is asked for (`openid profile`).",
    "url": "GitHub: another address than `https://github.com`, for GitHub Enterprise.",
    "api_url": "GitHub: another address than `https://api.github.com`.",
}
OFF = "off"
_LABEL = "[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_ADDRESS = re.compile(rf"[A-Za-z0-9_+-]{{1,30}}(?:\.[A-Za-z0-9_+-]{{1,30}})?@(?:{_LABEL}\.)*{_LABEL}")
# How the way to the mail server is secured: after a greeting, from the first byte, or not.
MAIL_TLS = STARTTLS, TLS, _ = "starttls", "tls", OFF
_LIMIT = re.compile(r"[1-9][0-9]{0,8}/(?:second|minute|hour|day)\Z")
DEVELOPMENT_SECRET = "development-only-secret-do-not-use-in-production"  # noqa: S105 - refused by production
SECRET_BYTES = 32
# In seconds: what takes longer counts as hung, and ends its worker.
LONGEST_VALIDATION = 300


class HttpsRequired(enum.StrEnum):
    """From where credentials are taken over plain http: nowhere, from this machine, from anywhere."""

    TRUE = "true"
    LOOPBACK = "loopback"
    FALSE = "false"


class BadSetting(Exception):
    """The ini file says something that cannot be; the text is for the operator."""


def setting(key: str, default: Any, text: str) -> Any:
    return field(default=default, metadata={"key": key, "help": text})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings, read and checked. Sizes are bytes, times are seconds."""

    production: bool = setting(
        "registry.production", False, "Refuse to start with development secrets or a development signing key."
    )
    public_url: str = setting(
        "registry.public_url",
        "http://127.0.0.1:6543",
        "Where clients reach the registry, without a slash at the end; all absolute URLs begin with it.",
    )
    secret: str = setting(
        "registry.secret",
        "",
        f"Encrypts API key secrets in the database and seals cursors; at least {SECRET_BYTES} random characters.",
    )
    storage: str = setting("registry.storage", "file:var/store", "Where packages are kept: file:FOLDER.")
    require_https: str = setting(
        "registry.require_https",
        "",
        "Take credentials over https only: `true` (default in production), `loopback` (except from this machine; "
        "default in development), `false` (anybody on the way can read them).",
    )
    long_poll_waiters: int = setting(
        "registry.long_poll_waiters",
        4,
        "How many `?wait=` requests one process holds; further ones are answered at once.",
    )
    page_depth: int = setting(
        "registry.page_depth",
        10_000,
        "How many results `?page=` reaches; further ones are reached by `?cursor=`. It reaches all that a search by "
        "relevance finds.",
    )
    finished_bytes: int = setting(
        "registry.finished_bytes",
        64 * 1024 * 1024,
        "How much memory a web process may use for answers that it keeps.",
    )
    look_every: float = setting(
        "registry.look_every", 0.2, "How old a kept answer may be when its extension has changed."
    )
    providers: Mapping[str, Mapping[str, str]] | None = setting(
        "login.providers",
        None,
        "Names of the login providers, separated by spaces; each has options of its own, see below.",
    )
    developer_login: bool = setting(
        "login.developer",
        False,
        "Let anybody on this machine log in as anybody, to try things out; production refuses it.",
    )
    trusted_issuers: tuple[str, ...] = setting(
        "trusted_publishing.issuers",
        ("https://token.actions.githubusercontent.com",),
        "Issuers of identity tokens that CI jobs may exchange for publish tokens, if an extension's owner says so: "
        "addresses as in `iss`, separated by spaces; the first is the one that is meant if none is named.",
    )
    limits_storage: str = setting(
        "limits.storage",
        "memory://",
        "Where requests are counted: `memory://` in each web process for itself, `redis://HOST` for all together.",
    )
    limit_read: str = setting(
        "limits.read",
        "6000/minute",
        "Reads of one address without a credential, or of one credential (three times that for an account); "
        "or `off`. Kept answers, 304s and polling cost nothing.",
    )
    limit_write: str = setting("limits.write", "300/minute", "Changes, likewise.")
    limit_review: str = setting(
        "limits.review", "60/hour", "Reviews, answers to them and flags on them, likewise."
    )
    limit_report: str = setting("limits.report", "20/day", "Reports of abuse, likewise.")
    limit_publish: str = setting("limits.publish", "120/minute", "Packages sent, likewise.")
    limit_login: str = setting("limits.login", "60/minute", "Requests that belong to logging in, likewise.")
    limit_export: str = setting(
        "limits.export", "20/hour", "Exports of all that is held about an account, likewise."
    )
    limit_failure: str = setting(
        "limits.failure", "60/minute", "Credentials that do not hold, for one address; or `off`."
    )
    package_bytes: int = setting("package.max_bytes", 200 * 1024 * 1024, "Largest package on the wire.")
    package_unpacked: int = setting(
        "package.max_unpacked_bytes", 1024 * 1024 * 1024, "Largest package unpacked."
    )
    package_entries: int = setting("package.max_entries", 10_000, "Most files in one package.")
    disallowed_words: tuple[str, ...] = setting(
        "package.disallowed_words",
        (),
        "Words that a Brackets extension's name, title and description may not hold.",
    )
    image_bytes: int = setting(
        "images.max_bytes", 5 * 1024 * 1024, "Largest icon or screenshot, in a package or sent by an owner."
    )
    image_pixels: int = setting(
        "images.max_pixels",
        25_000_000,
        "Most pixels of one; each takes up to 20 bytes of memory in the process that reads it.",
    )
    image_seconds: int = setting(
        "images.seconds", 10, "How much processor time the process that reads one may use."
    )
    image_screenshots: int = setting(
        "images.screenshots", 10, "Most screenshots that the owners of an extension may send."
    )
    addons_linter: str = setting(
        "validators.addons_linter",
        "",
        "The program `addons-linter` (npm): WebExtensions are signed only when it has found no error. Off without it.",
    )
    validators_folder: str = setting(
        "validators.folder", "var/validators", "Where it works; workers of one machine share it."
    )
    validators_at_once: int = setting("validators.at_once", 2, "How many packages it looks at at once there.")
    validators_seconds: int = setting("validators.seconds", 60, "How long it may take for one, at most 300.")
    validators_memory: int = setting(
        "validators.memory",
        1536 * 1024 * 1024,
        "How much memory it may use for one; it takes 200 MB for a small package, 900 MB for one of 9,000 files.",
    )
    issuer: str = setting(
        "signing.issuer",
        "",
        "The key that signs, read by workers only: pem:FOLDER, as `registry issuer create` makes it.",
    )
    index_life: float = setting(
        "signing.index_life",
        7 * 24 * 3600.0,
        "How long a signed listing, blocklist or head of the event chain is good for; they are signed anew after "
        "half of it.",
    )
    workers: int = setting("jobs.workers", 2, "Threads of one worker process.")
    lease: float = setting(
        "jobs.lease", 20.0, "How long a worker may be silent before its job is given to another."
    )
    attempts: int = setting(
        "jobs.attempts", 8, "After so many attempts a job is dead and waits for an admin."
    )
    sweep: float = setting("jobs.sweep", 5.0, "How often a worker looks for due work nobody told it about.")
    documents_pause: float = setting(
        "jobs.documents_pause",
        4.0,
        "How long a change of the catalogue waits at most before the whole documents are made again; they are made "
        "sooner where that takes less than a sixth of the time.",
    )
    counters: float = setting(
        "jobs.counters", 300.0, "How often new counts of downloads are taken into the whole documents."
    )
    senders: int = setting("jobs.senders", 4, "Threads of one worker that send what goes to others' servers.")
    mail_server: str = setting("mail.server", "", "Takes mail by SMTP; without one it goes to `mail.folder`.")
    mail_port: int = setting("mail.port", 587, "Its port.")
    mail_tls: str = setting("mail.tls", STARTTLS, "`starttls`, `tls`, or `off` (a server on this machine).")
    mail_username: str = setting("mail.username", "", "The login there, if it wants one.")
    mail_password: str = setting("mail.password", "", "Its password.")
    mail_from: str = setting("mail.from", "registry@localhost.localdomain", "Who the messages are from.")
    mail_folder: str = setting("mail.folder", "var/mail", "Where messages are put as `.eml` files.")
    report_mail: str = setting(
        "reports.mail_to", "", "The mail address of the registry's team; each new report is mailed there."
    )
    anonymous_results: bool = setting(
        "results.anonymous", True, "Take test results from whoever sends them, with quotas for each network."
    )
    tokenless_runs: bool = setting(
        "results.tokenless",
        True,
        "Let whoever makes a test run choose that anybody may report to it, without a token.",
    )
    runners: tuple[str, ...] = setting(
        "results.runners",
        (),
        "User names, separated by spaces, whose test runs are shown as the registry's own runners'.",
    )
    fresh_days: int = setting(
        "results.fresh_days", 90, "After so many days what a test run found is marked as stale."
    )
    webhooks_local: bool = setting(
        "webhooks.allow_local", False, "Let webhooks be here; production refuses it."
    )
    report_threshold: int = setting(
        "reports.threshold",
        1,
        "How many open reports by different users move an extension to pending_disable.",
    )

    @property
    def https_required(self) -> HttpsRequired:
        if self.require_https:
            return HttpsRequired(self.require_https)
        return HttpsRequired.TRUE if self.production else HttpsRequired.LOOPBACK


def read(ini: Mapping[str, str]) -> Settings:
    """The settings in the ini section ``ini``. Raises BadSetting."""
    known = {item.metadata["key"]: item for item in dataclasses.fields(Settings)}
    for key in ini:
        if key.startswith(PREFIXES) and key not in known and not _of_provider(key, ini):
            raise BadSetting(f"{key} is not a setting; docs/settings.md lists them all.")
    values: dict[str, Any] = {}
    for key, item in known.items():
        if key in ini and item.name != "providers":
            values[item.name] = _parse(key, ini[key], item.default)
    names = ini.get("login.providers", "").split()
    return check(Settings(**values, providers={name: _provider(ini, name) for name in names}))


def _provider(ini: Mapping[str, str], name: str) -> dict[str, str]:
    prefix = f"login.{name}."
    return {key.removeprefix(prefix): text.strip() for key, text in ini.items() if key.startswith(prefix)}


def _of_provider(key: str, ini: Mapping[str, str]) -> bool:
    _, name, option = (*key.split("."), "", "")[:3]
    return (
        key.startswith("login.")
        and name in ini.get("login.providers", "").split()
        and option in PROVIDER_OPTIONS
    )


def check(settings: Settings) -> Settings:
    if settings.require_https not in ("", *HttpsRequired):
        raise BadSetting("registry.require_https must be true, loopback or false.")
    if len(settings.secret) < SECRET_BYTES:
        raise BadSetting(f"registry.secret must have at least {SECRET_BYTES} characters.")
    if settings.production and settings.secret == DEVELOPMENT_SECRET:
        raise BadSetting("registry.secret is the one of development.ini; production needs one of its own.")
    for name in ("read", "write", "review", "report", "publish", "login", "export", "failure"):
        text = getattr(settings, f"limit_{name}")
        if text != OFF and not _LIMIT.match(text):
            raise BadSetting(f"limits.{name} is {text!r}; it must be like 60/minute, or off.")
    if settings.production and settings.webhooks_local:
        raise BadSetting("webhooks.allow_local opens this machine to webhooks; production refuses it.")
    if settings.production and settings.developer_login:
        raise BadSetting("login.developer lets anybody log in as anybody; production refuses it.")
    if settings.report_mail and not _ADDRESS.fullmatch(settings.report_mail):
        raise BadSetting("reports.mail_to must be a plain mail address, such as team@example.org.")
    if settings.validators_seconds > LONGEST_VALIDATION:
        raise BadSetting(f"validators.seconds must be at most {LONGEST_VALIDATION}.")
    if settings.mail_tls not in MAIL_TLS:
        raise BadSetting("mail.tls must be starttls, tls or off.")
    if settings.mail_username and settings.mail_tls == OFF:
        raise BadSetting("mail.username needs mail.tls: a password is not sent in the clear.")
    if settings.public_url.endswith("/") or not settings.public_url.startswith(("http://", "https://")):
        raise BadSetting("registry.public_url must be an http(s) address without a slash at the end.")
    return settings


def _parse(key: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.strip().lower()]
        if isinstance(default, int):
            return _positive(int(text))
        if isinstance(default, float):
            return _positive(float(text))
    except (KeyError, ValueError):
        kind = {bool: "true or false", int: "a whole number above 0", float: "a number above 0"}[
            type(default)
        ]
        raise BadSetting(f"{key} is {text!r}; it must be {kind}.") from None
    return tuple(text.split()) if isinstance(default, tuple) else text.strip()


def _positive(number: Any) -> Any:
    if not number > 0:
        raise ValueError
    return number
