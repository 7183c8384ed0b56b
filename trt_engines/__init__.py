"""Model bundles, the engines that a device builds of them, and the slots from which they run.

The bundle that comes with the project is ``bundles/squat``; docs/bundle.md says what is in it,
docs/flashing.md how another one comes to a kiosk.
"""
