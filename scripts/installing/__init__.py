"""What ``scripts/install`` and ``scripts/doctor`` do. They run before there is an environment:
with the system's own Python and its standard library alone."""
