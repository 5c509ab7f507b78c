"""Where the course is: the folder with the notebooks and the tests, beside the package."""

from __future__ import annotations

from pathlib import Path

import labkit
from labkit.core.errors import BadInput

FIRST_NOTEBOOK = "00-start-here.ipynb"


def checkout(package: Path = Path(labkit.__file__).parent) -> Path:
    """The folder that `package` lies in, where that is a checkout of the course. Raises BadInput where it is
    not: the package was then installed without the course."""
    root = package.resolve().parent
    if not (root / "pyproject.toml").is_file():
        raise BadInput(
            "The course is not here: labkit was installed without its notebooks and tests.",
            presented=str(root),
            required="a checkout of the course, with labkit installed from it in editable form",
            advice="in the checkout run `make lab`, or `pip install --editable .`",
        )
    return root
