"""``python -m registry.cli`` is ``registry``."""

from registry.cli import main

main()
