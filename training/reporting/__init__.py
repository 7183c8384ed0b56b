"""The sections of the training's report, each from what the saved runs hold."""
