"""Webhooks: below an extension its owners', below a publisher team its admins', and the site's own."""

from typing import Any

from sqlalchemy import bindparam, select

from registry.domain.webhooks import Place
from registry.models import Delivery as DeliveryRow
from registry.models import Webhook as WebhookRow
from registry.models import table
from registry.permissions import Permission, Role
from registry.resources.base import Node, row_number

_WEBHOOK = select(table(WebhookRow)).where(WebhookRow.id == bindparam("id"))
_DELIVERY = select(table(DeliveryRow)).where(
    DeliveryRow.webhook_id == bindparam("webhook_id"), DeliveryRow.id == bindparam("id")
)


class AnyDeliveries(Node):
    __parent__: Any

    def find(self, name: str) -> Node | None:
        number, webhook = row_number(name), self.__parent__.row
        if number is None:
            return None
        if webhook is None:
            return self._found(name)
        row = self.request.read.execute(_DELIVERY, {"webhook_id": webhook.id, "id": number}).one_or_none()
        return None if row is None else self._found(name, row)

    def _found(self, name: str, row: Any = None) -> Node:
        node: Node = self.child(self, name, row)
        return node


class Delivery(Node):
    pass


class Deliveries(AnyDeliveries):
    child = Delivery


class Webhook(Node):
    children = {"deliveries": Deliveries}


# Classes of their own, so that ``extensions/../webhooks/7`` is nothing to the services of extensions.
class SiteDelivery(Node):
    pass


class SiteDeliveries(AnyDeliveries):
    child = SiteDelivery


class SiteWebhook(Node):
    children = {"deliveries": SiteDeliveries}


class Webhooks(Node):
    """``place`` says whose."""

    __parent__: Any

    @property
    def place(self) -> Place:
        raise NotImplementedError

    def find(self, name: str) -> Node | None:
        number = row_number(name)
        if number is None:
            return None
        if not self.permits(Permission.WEBHOOKS):
            return self._found(name)  # what there is is nobody's business
        statement = _WEBHOOK.where(*self.place.here)
        row = self.request.read.execute(statement, {"id": number}).one_or_none()
        return None if row is None else self._found(name, row)

    def _found(self, name: str, row: Any = None) -> Node:
        node: Node = self.child(self, name, row)
        return node


class ExtensionWebhooks(Webhooks):
    child = Webhook

    @property
    def place(self) -> Place:
        return Place(extension_id=self.__parent__.row.id)


class TeamWebhooks(Webhooks):
    child = Webhook

    @property
    def place(self) -> Place:
        return Place(team_id=self.__parent__.row.id)


class SiteWebhooks(Webhooks):
    child = SiteWebhook
    rights = {Role.ADMIN: (Permission.WEBHOOKS,)}

    @property
    def place(self) -> Place:
        return Place()
