"""The WSGI application: its list of includes, and what an ini file decides about it."""

from pyramid.config import Configurator
from pyramid.interfaces import IRequestExtensions, IRequestFactory
from pyramid.registry import Registry
from pyramid.request import Request

from registry import backends, documents, downloads, limits, maintenance, rest, security
from registry.express import Express
from registry.finished import Finished


def application(config: Configurator) -> Finished:
    """The WSGI application of a Configurator, behind the answers that it has given before."""
    registry, chosen = config.registry, config.registry["settings"]
    return Finished(
        Express(config.make_wsgi_app(), registry, rest.shortcuts(), rest.fixed_paths()),
        registry["database"],
        most_bytes=chosen.finished_bytes,
        look_every=chosen.look_every,
        documents=registry["documents"],
        count=registry["downloads"].count,
        parameters=rest.query_parameters(),
    )


def configure(ini: dict[str, str]) -> Configurator:
    """A committed Configurator. Raises ``settings.BadSetting``.

    No module of the signing craft is part of it: the web process has no key to lose.
    """
    config = Configurator(settings={**ini, "handle_exceptions": "false"})
    furnish(config.registry, ini)
    config.include("registry.routing")
    config.include("cornice")
    for part in (
        "backends",
        "rendering",
        "errors",
        "security",
        "edge",
        "limits",
        "cors",
        "finished",
        "maintenance",
        "services",
    ):
        config.include(f"registry.{part}")
    config.commit()
    _settle_requests(config.registry)
    return config


def furnish(registry: Registry, ini: dict[str, str]) -> None:
    """Open all that an ini file decides about, as items of the registry; the rest is the same for all of them.

    Raises ``settings.BadSetting``.
    """
    backends.furnish(registry, ini)
    for part in (security, limits, maintenance, documents, downloads):
        part.furnish(registry)


def _settle_requests(registry: Registry) -> None:
    """Make one class of requests that has all that was added to them.

    Pyramid makes a class anew for each request that anything is added to, which costs more than a query.
    """
    added = registry.getUtility(IRequestExtensions)
    registry.registerUtility(
        type("Request", (Request,), {**added.methods, **added.descriptors}), IRequestFactory
    )
    registry.unregisterUtility(added, IRequestExtensions)
