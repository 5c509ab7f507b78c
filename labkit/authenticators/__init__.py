"""One file for each kind of credential: what it is, and how it is turned into an identity."""
