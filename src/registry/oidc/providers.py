"""Ways to log in: what the ini file says of each provider, and the authorization-code flow with it.

The flow is RFC 6749 with state, PKCE S256 (RFC 7636), an exact redirect address, and the issuer in the
answer (RFC 9207) where the provider sends it; OpenID Connect adds a nonce. Who somebody is, is the
provider's name and its own unchanging subject: never a login name or a mail address, which others may
get one day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from requests import RequestException

from registry.oidc.fetch import TIMEOUT, ProviderUnavailable, fetch_json, is_secure
from registry.oidc.issuer import IdentityRefused, Issuer
from registry.settings import BadSetting

DEVELOPER = "developer"
_LABEL_CHARACTERS = 100


class LoginRefused(Exception):
    """The provider did not vouch for anybody; the text is for people."""


@dataclass(frozen=True)
class Login:
    """Somebody, as a provider knows them. ``label`` is for reading only."""

    subject: str
    label: str


class Provider:
    """One provider; see the subclasses for the kinds."""

    scope: str

    def __init__(self, name: str, options: Mapping[str, str], public_url: str):
        self.name = name
        self.title = options.get("title") or name
        self.redirect_uri = f"{public_url}/login/{name}/callback"
        self._client_id = _required(name, options, "client_id")
        self._client_secret = options.get("client_secret") or None

    def start(self, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser. Raises ProviderUnavailable."""
        with self._client() as client:
            address, _ = client.create_authorization_url(
                self._authorize_url(), state=state, code_verifier=verifier, **self._extra(nonce)
            )
        return str(address)

    def finish(self, answer: Mapping[str, str], nonce: str, verifier: str) -> Login:
        """Who came back with that answer (``code``, maybe ``iss``). Raises LoginRefused and ProviderUnavailable."""
        try:
            with self._client() as client:
                token = client.fetch_token(
                    self._token_url(),
                    grant_type="authorization_code",
                    code=answer["code"],
                    code_verifier=verifier,
                    headers={"Accept": "application/json"},
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
        except AuthlibBaseError as error:
            raise LoginRefused(f"{self.title} does not take this code: {str(error.error)[:100]}.") from error
        except RequestException as error:
            raise ProviderUnavailable(f"{self.title} cannot be reached: {type(error).__name__}.") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise ProviderUnavailable(f"{self.title} gave an answer that cannot be read.") from error
        return self._who(token, nonce)

    def issuer_is_wrong(self, answer: Mapping[str, str]) -> bool:
        """Whether the answer says to come from another issuer, or does not say it though it would (RFC 9207, 2.4)."""
        return False

    def _client(self) -> OAuth2Session:
        session = OAuth2Session(
            self._client_id,
            self._client_secret,
            scope=self.scope,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=None if self._client_secret else "none",
        )
        session.trust_env = False
        return session

    def _authorize_url(self) -> str:
        raise NotImplementedError

    def _token_url(self) -> str:
        raise NotImplementedError

    def _extra(self, nonce: str) -> dict[str, str]:
        return {}

    def _who(self, token: dict[str, Any], nonce: str) -> Login:
        raise NotImplementedError


class OpenIDProvider(Provider):
    """Any OpenID Connect provider, found by its issuer's address."""

    def __init__(self, name: str, options: Mapping[str, str], public_url: str):
        super().__init__(name, options, public_url)
        self.scope = options.get("scope") or "openid profile"
        url = _required(name, options, "issuer")
        if not is_secure(url):
            raise BadSetting(f"login.{name}.issuer must be an https address.")
        self.issuer = Issuer(url)

    def issuer_is_wrong(self, answer: Mapping[str, str]) -> bool:
        if "iss" not in answer:
            return self.issuer.metadata().get("authorization_response_iss_parameter_supported") is True
        return answer["iss"] != self.issuer.url

    def _authorize_url(self) -> str:
        return self.issuer.endpoint("authorization_endpoint")

    def _token_url(self) -> str:
        return self.issuer.endpoint("token_endpoint")

    def _extra(self, nonce: str) -> dict[str, str]:
        return {"nonce": nonce}

    def _who(self, token: dict[str, Any], nonce: str) -> Login:
        proof = token.get("id_token")
        if not isinstance(proof, str):
            raise LoginRefused(f"{self.title} sent no identity token.")
        try:
            claims = self.issuer.verify(proof, self._client_id, nonce)
        except IdentityRefused as error:
            raise LoginRefused(f"{self.title}: {error}") from error
        names = (claims.get(name) for name in ("preferred_username", "nickname", "email", "name"))
        label = next((name for name in names if isinstance(name, str) and name), claims["sub"])
        return _login(self.title, claims["sub"], label)


class GitHubProvider(Provider):
    """GitHub's OAuth, which knows no identity tokens: who it is, is asked with the access token."""

    scope = ""

    def __init__(self, name: str, options: Mapping[str, str], public_url: str):
        super().__init__(name, {"title": "GitHub", **options}, public_url)
        self._url = options.get("url") or "https://github.com"
        self._api_url = options.get("api_url") or "https://api.github.com"
        for option, url in (("url", self._url), ("api_url", self._api_url)):
            if not is_secure(url):
                raise BadSetting(f"login.{name}.{option} must be an https address.")

    def _authorize_url(self) -> str:
        return f"{self._url}/login/oauth/authorize"

    def _token_url(self) -> str:
        return f"{self._url}/login/oauth/access_token"

    def _who(self, token: dict[str, Any], nonce: str) -> Login:
        access = token.get("access_token")
        if not isinstance(access, str):
            raise LoginRefused(f"{self.title} does not take this code.")
        found = fetch_json(f"{self._api_url}/user", {"Authorization": f"Bearer {access}"})
        if type(found.get("id")) is not int:
            raise ProviderUnavailable(f"{self.title} did not say who this is.")
        return _login(self.title, str(found["id"]), found.get("login"))


_KINDS: dict[str, type[Provider]] = {"github": GitHubProvider, "oidc": OpenIDProvider}


def open_providers(options: Mapping[str, Mapping[str, str]] | None, public_url: str) -> dict[str, Provider]:
    """The providers of the ini file, by name. Raises BadSetting."""
    providers = {}
    for name, chosen in (options or {}).items():
        kind = chosen.get("kind", "github" if name == "github" else "oidc")
        if kind not in _KINDS:
            raise BadSetting(f"login.{name}.kind must be one of {', '.join(_KINDS)}.")
        if name in (DEVELOPER, "device") or not name.isalnum() or not name.islower():
            raise BadSetting(
                f"login.providers: {name!r} must be small letters and digits, and not {DEVELOPER} or device."
            )
        providers[name] = _KINDS[kind](name, chosen, public_url)
    return providers


def _required(name: str, options: Mapping[str, str], option: str) -> str:
    if not options.get(option):
        raise BadSetting(f"login.{name}.{option} must be set.")
    return options[option]


def _login(title: str, subject: Any, label: Any) -> Login:
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise LoginRefused(f"{title} did not say who this is.")
    text = "".join(character for character in str(label or subject) if character.isprintable())
    return Login(subject, text[:_LABEL_CHARACTERS])
