"""Clips, their labels, and the splits."""
