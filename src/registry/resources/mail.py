"""Where the links of messages lead: pages for whoever reads the mail, logged in or not."""

from registry.resources.base import Node


class Confirm(Node):
    pass


class Unsubscribe(Node):
    pass


class MailPages(Node):
    children = {"confirm": Confirm, "unsubscribe": Unsubscribe}
