"""The names of the Python SDK (v1) that the documents print. They translate to `lab.ask` and hold no rule."""
