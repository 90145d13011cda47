"""Writes results: tables, figures, cards."""
