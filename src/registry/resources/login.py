"""Ways in: providers for browsers, the device flow and its tokens for programs, identity tokens for pipelines."""

from registry.resources.base import Node


class LoginProvider(Node):
    """``row`` is the provider (`registry.oidc.Provider`), None for the built-in developer login."""


class Login(Node):
    child = LoginProvider

    def find(self, name: str) -> Node | None:
        provider = self.request.registry["providers"].get(name)
        if provider is None and not (name == "developer" and self.request.settings.developer_login):
            return None
        return LoginProvider(self, name, provider)


class Logout(Node):
    pass


class Device(Node):
    """The page where one approves a program that asked for it elsewhere."""


class DeviceAuthorization(Node):
    pass


class OAuthToken(Node):
    pass


class Revocation(Node):
    pass


class OAuth(Node):
    children = {"device_authorization": DeviceAuthorization, "revoke": Revocation, "token": OAuthToken}


class OAuthMetadata(Node):
    pass


class WellKnown(Node):
    children = {"oauth-authorization-server": OAuthMetadata}


class PublishTokens(Node):
    """Where a CI job exchanges its identity token."""
