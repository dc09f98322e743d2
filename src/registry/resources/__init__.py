"""The tree: what exists, where it lives, and who may do what to it.

    /                                               Root
    /api/v4                                         ApiVersion
       extensions                                   Extensions
          {name}                                    Extension     owners' and publishers' rights
             versions/{version}                     Version
                test-runs/{id}                      TestRun       its maker's and its token's rights
                   events/{id}, results/{id}        TestRunEvent, TestRunResult
             tests/{key}                            NamedTest
             reviews/{username|id|mine}             Review        by their author's name
                reply, flags, hidden, history       Reply, Flags, Hidden, History
             reports/{id}                           Report        its reporter's and admins'
                claim, decision                     Claim, Decision
             appeals/{id}                           Appeal        the owners' and admins'
                decision                            AppealDecision
             owners/{username|team:NAME}            Owner
             transfer                               TransferOffer
             trusted-publishers/{id}                TrustedPublisher
             images/{id}                            Picture
             events                                 ExtensionEvents
             webhooks/{id}/deliveries/{id}          Webhook, Delivery
       uploads/{uuid}                               Upload        there for its sender alone
       webextensions/{id|name|guid}                 WebExtension  an Extension, as Mozilla's clients name it
          versions/{id|version}                     Version
       users                                        Users
          {username}                                Account       what everybody sees
          me                                        Me            what only oneself sees
             tokens, keys, sessions, identities,
             notifications, invitations, transfers  My…           each with {id} below
             email, events, export                  MyEmail, MyEvents, MyExport
       teams/{team}                                 Team          publisher teams: members' and admins' rights
          members/{username}                        Member
          invitations/{id}                          Invitation
          webhooks/{id}/deliveries/{id}             Webhook, Delivery
       admins/{username}                            Admin         the registry's own team
       manage                                       Managed       all extensions, for the registry's own team
       events                                       Audit
       reports, appeals                             ReportQueue, AppealQueue         what waits for the team
       flags                                        FlagQueue     reviews that somebody found out of place
       changes                                      Changes       what changed since when
          head                                      Head          the end of the chain of events, signed
       listing, blocklist                           Listing, Blocklist              signed too
       test-runs/{id}/results/{id}                  LooseRun, LooseResult     of no version
       updates                                      Updates       what there is for what is installed
       webhooks/{id}/deliveries/{id}                Webhook, Delivery    the site's own
       publish-tokens                               PublishTokens
       ratings/{id}                                 Review        by its number; reply, flags below
       abuse                                        Abuse         where anybody reports add-ons
       addons/{guid}/versions/{number}              Addon, AddonVersion   that may not be there yet
    /files/{id}                                     Version       the signed file of a browser extension
    /images/{sha256}.{suffix}                       PictureFile   a file that was made of a picture
    /login/{provider}, /logout, /device             Login, Logout, Device
    /mail/{confirm|unsubscribe}                     Confirm, Unsubscribe
    /outgoing                                       Outgoing
    /v1                                             RefStack      test runs by their number
    /extensions/{name-version}                      Version       by its flat name
    /packages/{name}/{name-version}                 Version       likewise, below its extension's name
    /oauth/{endpoint}, /.well-known/{document}      OAuth, WellKnown

A node wraps what it needs of its rows and knows its rights; it has no verbs and no JSON. Rights
add up from a node to the root, which ends in DENY_ALL: what no line grants, nobody may. A node raises
KeyError, so the address is 404, only for what is private to others; everything else is found in every
state, and the view answers for the state.

`{name}` is an extension's name or its guid, `{version}` a version or `latest`. The paths of dialects
(``/api/v3/…``, ``/addon/…``) are walked down this same tree.
"""

from pyramid.authorization import DENY_ALL

from registry.permissions import Permission, Role
from registry.resources.accounts import Admins, Users
from registry.resources.addons import Addon, Addons, AddonVersion
from registry.resources.base import Node
from registry.resources.documents import Blocklist, FlatFiles, Folders, Head, Index, Listing
from registry.resources.extensions import Extension, Extensions, Version, Versions
from registry.resources.feedback import FlagQueue
from registry.resources.login import Device, Login, Logout, OAuth, PublishTokens, WellKnown
from registry.resources.mail import MailPages
from registry.resources.pictures import PictureFiles
from registry.resources.ratings import Abuse, Ratings
from registry.resources.reports import AppealQueue, ReportQueue
from registry.resources.teams import Teams
from registry.resources.test_runs import LooseRuns, RefStack
from registry.resources.uploads import Upload, Uploads
from registry.resources.webextensions import AddonFiles, AddonVersions, WebExtension, WebExtensions
from registry.resources.webhooks import SiteWebhooks

__all__ = [
    "Abuse",
    "Addon",
    "AddonFiles",
    "AddonVersion",
    "AddonVersions",
    "Addons",
    "Api",
    "ApiVersion",
    "Audit",
    "Blocklist",
    "Changes",
    "Extension",
    "Extensions",
    "Head",
    "Index",
    "Listing",
    "Managed",
    "Node",
    "Outgoing",
    "Ratings",
    "Root",
    "Updates",
    "Upload",
    "Uploads",
    "Version",
    "Versions",
    "WebExtension",
    "WebExtensions",
]


class Audit(Node):
    """Everything that ever happened."""


class Outgoing(Node):
    """The way out of here, to the addresses that the registry has shown."""


class Managed(Node):
    """All extensions, for who decides about them."""


class Changes(Node):
    """What changed in the catalogue, in the order in which it did."""

    children = {"head": Head}


class Updates(Node):
    """What there is for what a client has installed."""


class ApiVersion(Node):
    children = {
        "abuse": Abuse,
        "addons": Addons,
        "admins": Admins,
        "appeals": AppealQueue,
        "blocklist": Blocklist,
        "changes": Changes,
        "events": Audit,
        "extensions": Extensions,
        "flags": FlagQueue,
        "listing": Listing,
        "manage": Managed,
        "publish-tokens": PublishTokens,
        "ratings": Ratings,
        "reports": ReportQueue,
        "teams": Teams,
        "test-runs": LooseRuns,
        "updates": Updates,
        "uploads": Uploads,
        "users": Users,
        "webextensions": WebExtensions,
        "webhooks": SiteWebhooks,
    }


class Api(Node):
    children = {"v4": ApiVersion}


class Root(Node):
    children = {
        ".well-known": WellKnown,
        "api": Api,
        "device": Device,
        "files": AddonFiles,
        "images": PictureFiles,
        "extensions": FlatFiles,
        "login": Login,
        "logout": Logout,
        "mail": MailPages,
        "oauth": OAuth,
        "packages": Folders,
        "outgoing": Outgoing,
        "v1": RefStack,
    }
    rights = {
        Role.ANYONE: (Permission.READ, Permission.LOG_IN),
        Role.USER: (Permission.PUBLISH_NEW, Permission.REVIEW, Permission.REPORT, Permission.RUN_TESTS),
        # Admins manage; they do not publish for others.
        Role.ADMIN: (
            Permission.READ_PRIVATE,
            Permission.READ_APPEAL,
            Permission.READ_EVENTS,
            Permission.READ_OUTPUT,
            Permission.READ_REPORT,
            Permission.CANCEL_RUN,
            Permission.RELEASE,
            Permission.MANAGE,
            Permission.MODERATE,
            Permission.ADMINS,
            Permission.AUDIT,
        ),
    }

    def __init__(self, request):
        super().__init__(None, "")
        self.request = request

    @property
    def __acl__(self):
        return [*super().__acl__, DENY_ALL]
