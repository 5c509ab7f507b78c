"""How Resource Manager creates, changes and deletes what the lab has: a file for each kind of thing."""
