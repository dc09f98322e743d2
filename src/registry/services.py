"""All services, own and dialects', on one application."""

from typing import Any

from registry import rest
from registry.dialects import brackets, feeds, oauth, refstack, refstack_meta, refstack_results, seed  # noqa: F401 - define their services
from registry.dialects.amo import (  # noqa: F401 - define their services
    abuse,
    addon_search,
    addons,
    addons_v4,
    blocks,
    editing,
    ending,
    previews,
    problems,
    ratings,
    rollback,
    signing,
    signing_v3,
    submission,
    update_manifest,
    uploads,
    version_editing,
)
from registry.views import (  # noqa: F401 - define their services
    accounts,
    admins,
    appeals,
    catalogue,
    changes,
    descriptions,
    device,
    documents,
    downloads,
    events,
    identities,
    invitations,
    keys,
    login,
    mail,
    management,
    moderation,
    notifications,
    outgoing,
    own_data,
    owners,
    pictures,
    public_keys,
    publishing,
    removal,
    reports,
    reviews,
    search,
    sessions,
    teams,
    test_attachments,
    test_events,
    test_history,
    test_matrix,
    test_policies,
    test_results,
    test_runs,
    tokens,
    trusted_publishers,
    updates,
    versions,
    webhooks,
    yanking,
)


def includeme(config: Any) -> None:
    rest.register(config)
    config.include(problems)
