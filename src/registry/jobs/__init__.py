"""The worker's side of background work.

A job is a row that somebody wrote with the change it belongs to (``registry.queue``). A worker claims
it, works, and writes what came of it, in three steps:

    claim    one transaction: the row is taken for a lease, and ``started`` shows it to whoever looks
    work     no transaction and no lock is held; the lease is renewed from a thread of its own
    settle   one transaction: the claim ends and ``finished`` writes the result, both or neither

If the worker dies, the lease lapses and another one claims the job. If two work at the same job because
one was thought dead, the fence in ``settle`` lets one of them finish. So ``work`` may be done more than
once and must have no effect by itself beyond files that nobody speaks of, which ``housekeeping``
collects; ``finished`` happens once.

``work`` says how it went by what it raises. ``Permanent``: trying again will not help, and here is why.
Anything else: later, more and more rarely; after the last attempt the job is dead and waits for an
admin. An attempt is counted when it begins, so a job that kills its worker ends as dead too.

A kind of work is a module with the five functions of ``base.Kind``, and its line in ``KINDS``:

    signing.py       an accepted package becomes the signed file that is served
    mail.py          a message leaves
    webhooks.py      an address is told of an event
    validation.py    an accepted package is judged by an outside validator
    pictures.py      an icon or a screenshot becomes the files that are served
    test_results.py  a large file of test results is read

and beside them a standing duty, done by one worker at a time:

    clerk.py         the catalogue becomes the whole documents that are served (``entries``, ``documents``)

and around them: ``runner`` does the three steps, ``heart`` renews leases, ``worker`` is the process,
``housekeeping`` removes what killed processes left behind. What waits for the servers of others is done by threads of
its own (``post``), and tried again for days; so a server that is slow, or away, holds nothing else up. So are
validators (``validators``), which take seconds.
"""

from collections.abc import Mapping, Sequence

from registry.domain.deliveries import WEBHOOK
from registry.domain.mail import MAIL
from registry.domain.pictures import MAKE
from registry.domain.test_uploads import READ
from registry.domain.validation import SIGN, VALIDATE
from registry.jobs import mail, pictures, signing, test_results, validation, webhooks
from registry.jobs.base import Kind, Permanent, Transient, WorkerContext

__all__ = ["KINDS", "POST", "RETRIES", "Kind", "Permanent", "Transient", "WorkerContext"]

KINDS: Mapping[str, Kind] = {
    SIGN: signing,
    MAKE: pictures,
    READ: test_results,
    MAIL: mail,
    WEBHOOK: webhooks,
    VALIDATE: validation,
}
# What depends on the servers and programs of others: seconds until the next try, after each that failed.
RETRIES: Mapping[str, Sequence[float]] = {
    MAIL: mail.RETRIES,
    WEBHOOK: webhooks.RETRIES,
    VALIDATE: validation.RETRIES,
}
# What goes to the servers of others.
POST = (MAIL, WEBHOOK)
