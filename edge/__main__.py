"""``python -m edge``: the command line of the device part."""

from edge.cli import main

main()
