"""Ways in: providers for browsers, the device flow and its tokens for programs, identity tokens for pipelines."""

from registry.resources.base import Node


class LoginProvider(Node):
    """``row`` is the provider (`registry.login.Provider`)."""


class Login(Node):
    child = LoginProvider

    def find(self, name: str) -> Node | None:
        provider = self.request.registry["providers"].get(name)
        return None if provider is None else LoginProvider(self, name, provider)


class Logout(Node):
    pass


class Device(Node):
    """The page where one approves a program that asked for it elsewhere."""


class OAuthEndpoint(Node):
    pass


class OAuth(Node):
    children = {"device_authorization": OAuthEndpoint, "revoke": OAuthEndpoint, "token": OAuthEndpoint}


class WellKnownDocument(Node):
    pass


class WellKnown(Node):
    children = {"oauth-authorization-server": WellKnownDocument}


class PublishTokens(Node):
    """Where a CI job exchanges its identity token."""
