"""Tenants, tokens and their verification. Pure: nothing here calls anything."""
