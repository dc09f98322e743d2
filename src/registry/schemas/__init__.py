"""Colander schemas of what requests carry, one module for each views module."""
