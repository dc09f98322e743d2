"""An extension the world sees and one it does not, for tests of who may do what."""

from collections.abc import Callable

import webtest

from support.accounts import Accounts
from support.samples import brackets, webextension

OWNER = "ann"
PUBLIC = "word-tally"
PRIVATE = "draft"
# A browser extension with the same versions as PUBLIC.
ADDON = "tab-notes"
SIGNED = "1.0.0"
UNSIGNED = "2.0.0"


def stock(app: webtest.TestApp, accounts: Accounts, work: Callable[[], int]) -> None:
    """Publish, as OWNER, versions SIGNED and UNSIGNED of PUBLIC and of ADDON, and an unsigned one of PRIVATE."""
    owner = accounts.bearer(OWNER)
    app.post("/api/v4/extensions/", brackets(PUBLIC, SIGNED), headers=owner)
    app.post("/api/v4/extensions/", webextension(version=SIGNED), headers=owner)
    work()
    app.post(f"/api/v4/extensions/{PUBLIC}/versions/", brackets(PUBLIC, UNSIGNED), headers=owner)
    app.post(f"/api/v4/extensions/{ADDON}/versions/", webextension(version=UNSIGNED), headers=owner)
    app.post("/api/v4/extensions/", brackets(PRIVATE, SIGNED), headers=owner)
