"""The papermill engine `labkit`: kernels that start warm.

    papermill --engine labkit notebook.ipynb out.ipynb -p name value
    papermill.execute_notebook("notebook.ipynb", "out.ipynb", {...}, engine_name="labkit")

Papermill loads the engines of all packages whenever it is imported, whether they are used or not, and does so
before it is itself complete: hence this module imports nothing.
"""

from __future__ import annotations

from typing import Any


class Engine:
    """What papermill asks an engine; `labkit.runner.warm.engine` answers."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """The notebook, executed."""
        from labkit.runner.warm.engine import WarmEngine

        return WarmEngine.execute_notebook(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The kernel that the notebook names."""
        from papermill.utils import nb_kernel_name

        found: str = nb_kernel_name(nb, name)
        return found

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """The language that the notebook names."""
        from papermill.utils import nb_language

        found: str = nb_language(nb, language)
        return found
