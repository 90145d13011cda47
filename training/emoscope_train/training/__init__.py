"""Trains backbones and heads."""
