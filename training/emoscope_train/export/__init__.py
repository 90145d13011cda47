"""Writes model files, and checks that every engine gives the same results."""
