"""Encryption at rest: what lies on a disk, how it is sealed, who wraps the keys. Pure: nothing here calls
anything."""
