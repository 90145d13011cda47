"""Trains, measures and exports the models of emoscope."""

__version__ = "0.1.0"
