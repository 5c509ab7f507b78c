"""What the exercises ask: one module for each notebook, all of it data except for the checkers."""
