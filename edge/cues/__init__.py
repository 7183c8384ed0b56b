"""What the gym-goer hears and sees of the station's doings, besides the screen: sound and light.

A :class:`~edge.cues.follower.Follower` turns the station's states into events; each
:class:`~edge.cues.event.CueOutput` tells them in its own way. The screen follows the station by
itself, over the network.
"""
