"""Speaking with providers of identities: OpenID Connect, and GitHub's OAuth.

fetch      one bounded request to a provider
issuer     an OpenID Connect issuer: its metadata, its keys, and what it says of somebody
pipelines  CI jobs, and the issuers that vouch for them
providers  the providers that the ini file names, as ways to log in

Knows nothing of our requests and rows. Everything a provider says is input like any other.
"""

from registry.oidc.fetch import ProviderUnavailable
from registry.oidc.issuer import IdentityRefused, Issuer
from registry.oidc.pipelines import Pipeline, Pipelines
from registry.oidc.providers import Login, LoginRefused, Provider, open_providers

__all__ = [
    "IdentityRefused",
    "Issuer",
    "Login",
    "LoginRefused",
    "Pipeline",
    "Pipelines",
    "Provider",
    "ProviderUnavailable",
    "open_providers",
]
