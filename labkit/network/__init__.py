"""Regions and network rules. Pure: nothing here calls anything."""
