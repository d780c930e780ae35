"""Puts this folder on the path of the folders below it, which use its engines.py."""
