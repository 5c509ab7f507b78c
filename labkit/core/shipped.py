"""Text that ships with the package, beside the module that reads it."""

from os.path import dirname, join


def shipped(module: str, name: str) -> str:
    """What is in the file `name` in the folder of a module, which gives its `__file__`."""
    # importlib.resources takes a fiftieth of the time in which a lab starts.
    with open(join(dirname(module), name), encoding="utf-8") as file:
        return file.read()
