"""Puts the parts together: the one room that knows all others. A module for each function, and for each group of commands."""
