"""Diarization: the speaker network, its input and error rates, and test conversations."""
