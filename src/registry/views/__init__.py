"""The product's own API: what each verb does to a node, one module for each capability.

A module declares its services and reads the request; the JSON it answers is made in ``representations``.
"""
