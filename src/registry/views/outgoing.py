"""The bouncer: the links that the registry shows lead through it, and it sends nobody anywhere else.

An address is ``/outgoing/{signature}/{url}``, see ``catalogue.outgoing``. Where people come from is not told.
"""

import re
from urllib.parse import quote

from pyramid.request import Request
from pyramid.response import Response

from registry.catalogue import outgoing
from registry.errors import ApiError
from registry.pages import redirect
from registry.permissions import Permission
from registry.resources import Outgoing
from registry.rest import PAGE, ResourceService

bouncer = ResourceService(
    "outgoing", "/outgoing/{signature}/{url:.+}", Outgoing, traverse="/outgoing", media_type=PAGE
)

# Printable ASCII goes on as it is; the rest is written in percent signs, so that nothing breaks a header.
_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))


@bouncer.get(permission=Permission.READ)
def send_on(request: Request) -> Response:
    """Go on to an address that the registry has shown."""
    signature, path = request.matchdict["signature"], request.matchdict["url"]
    # A proxy may have made one slash of two, and the one at the end has been taken off (``edge``).
    url = re.sub(r"\A(https?):/+", r"\1://", path)
    for one in (url, f"{url}/"):
        if outgoing.is_ours(request.sealer, signature, one):
            response = redirect(quote(one, safe=_AS_IT_IS), 302)
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Robots-Tag"] = "noindex"
            return response
    raise ApiError(404, "This registry has shown no such link.", "ERROR_NOT_FOUND")
