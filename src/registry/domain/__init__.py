"""The rules, as plain functions on rows and bytes.

Nothing here knows HTTP. A function that writes takes the session of the transaction it is part of as
its first argument and checks rights and rules inside it; it raises an error of ``domain.errors``
when a rule forbids what was asked. Whoever calls says what that means on the wire.
"""
