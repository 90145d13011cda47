"""Measures trained models."""
