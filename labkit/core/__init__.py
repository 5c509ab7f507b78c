"""The engine room: a clock, entropy, a trace, errors and one door. It knows nothing of Azure."""
