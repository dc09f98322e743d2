import colander

from registry.models import OwnershipRole, TeamRole
from registry.schemas.queries import YesNo
from registry.schemas.texts import Flag, Text, text

_TEAM_ROLES = colander.OneOf([str(role) for role in TeamRole])


class TeamSchema(colander.MappingSchema):
    name = text(100, description="Its key in addresses: small letters, digits, dashes.")
    title = text(200, missing="", description="What people call it.")


class TeamTitleSchema(colander.MappingSchema):
    title = text(200, description="What people call it.")


class InvitationSchema(colander.MappingSchema):
    username = text(100, description="Who is invited.")
    role = colander.SchemaNode(Text(), missing=str(TeamRole.MEMBER), validator=_TEAM_ROLES)


class MemberSchema(colander.MappingSchema):
    role = colander.SchemaNode(Text(), validator=_TEAM_ROLES)


class OwnerSchema(colander.MappingSchema):
    role = colander.SchemaNode(Text(), validator=colander.OneOf([str(role) for role in OwnershipRole]))


class TransferSchema(colander.MappingSchema):
    to = text(110, description="A user name, or team:NAME.")
    giver = text(110, name="from", missing=None, description="team:NAME, when it is a team's ownership.")


class ReadSchema(colander.MappingSchema):
    read = colander.SchemaNode(Flag(), description="Whether it has been read.")


class NotificationsSchema(colander.MappingSchema):
    unread = colander.SchemaNode(YesNo(), missing=False, description="Only those that have not been read.")
