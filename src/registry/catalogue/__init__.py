"""What everybody reads, made of rows: an extension in lists and in detail, feeds, and whole documents.

Plain functions of rows and the public address (``base``); no requests, no rights. The web process answers
with them, and the worker makes documents of them, so both say the same of an extension.
"""
