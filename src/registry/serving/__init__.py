"""Running the registry: what has to be there before it starts, and the processes it consists of.

ini            an ini file, read and checked
preparation    folders, tables, a development chain; refusals for production
accounts       the first two accounts of a development registry
supervisor     children that live exactly as long as `registry serve` does
web            the process (waitress) or processes (granian) that answer requests
"""
