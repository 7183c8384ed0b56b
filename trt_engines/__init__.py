"""Model bundles, and later the TensorRT engines that a device builds from them.

The bundle that comes with the project is ``bundles/squat``; docs/bundle.md says what is in it.
"""
