"""Who may do what. Pure: nothing here calls anything."""
