import colander

from registry.mail.message import LONGEST_ADDRESS
from registry.models import Digest
from registry.schemas.texts import Text, text


class AddressSchema(colander.MappingSchema):
    address = text(LONGEST_ADDRESS, description="One plain address; a message there confirms it.")
    digest = colander.SchemaNode(
        Text(),
        missing=str(Digest.DAILY),
        validator=colander.OneOf([str(digest) for digest in Digest]),
        description="How often one is mailed what one has not read: off, hourly or daily.",
    )


class CodeSchema(colander.MappingSchema):
    code = text(100, description="The code in the message.")
