import colander

LONGEST_WAIT = 30


class WaitSchema(colander.MappingSchema):
    wait = colander.SchemaNode(
        colander.Integer(),
        missing=0,
        validator=colander.Range(0, LONGEST_WAIT),
        description="Seconds to hold the answer back for, until the version is signed, failed or dead.",
    )
