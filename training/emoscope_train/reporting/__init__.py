"""Writes what was measured: tables, figures, cards."""
