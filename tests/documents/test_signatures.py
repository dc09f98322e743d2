"""What the worker signs: each good for a week, and signed anew before that is over."""

from datetime import timedelta

from cryptography import x509

from registry.catalogue.documents import PATHS, SIGNED
from registry.signing import verify_index


def test_what_the_worker_signs(app, catalogue, clerk, clock, chain):
    """Each is good for a week, and signed anew, with a higher serial, before that is over."""
    roots = x509.load_pem_x509_certificates(chain.root.read_bytes())
    catalogue.add("one")
    clerk.turn()
    serials = {}
    for name in SIGNED:
        path = PATHS[name]
        data, signature = app.get(f"{path}/").body, app.get(f"{path}/signature").body
        found = verify_index(data, signature, roots, kind=name)
        assert found.expires - found.issued == timedelta(days=7)
        serials[name] = found.serial
    clock.move(3.6 * 24 * 3600)
    clerk.turn()
    at = clock.calendar() + timedelta(days=6)
    for name in SIGNED:
        path = PATHS[name]
        data, signature = app.get(f"{path}/").body, app.get(f"{path}/signature").body
        assert verify_index(data, signature, roots, newer_than=serials[name], at=at).kind == name
    head = app.get("/api/v4/changes/head/").json
    assert (head["seq"], len(head["hash"])) == (1, 64)
