"""Renders the course as static pages: `python site/build.py [FOLDER]`, by default into build/site.

Nothing is executed and nothing is fetched. The pages are written from the notebooks as they were recorded and
from the package's own data into a folder that is thrown away, and Sphinx renders them; a warning of Sphinx's
is an error."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from labkit.checkout import checkout
from labkit.core.errors import BadInput

HERE = Path(__file__).parent
# In a folder of ours, which may be replaced.
FIRST_PAGE = "index.html"


def main(argv: Sequence[str]) -> int:
    """Returns 0, 1 where Sphinx found something wrong, 2 for a folder that cannot be used."""
    try:
        out = _folder(argv)
    except BadInput as error:
        print(f"site: {error}", file=sys.stderr)
        return 2
    if find_spec("myst_nb") is None or find_spec("pydata_sphinx_theme") is None:
        print('site: Sphinx is not installed: pip install --editable ".[site]"', file=sys.stderr)
        return 1
    shutil.rmtree(out, ignore_errors=True)
    failed = _render(checkout(), out)
    if not failed:
        print(f"The site is in {out}. Open {out / FIRST_PAGE} in a browser; no server is needed.")
    return failed


def _folder(argv: Sequence[str]) -> Path:
    if len(argv) > 1:
        raise BadInput("One folder is enough.", presented=" ".join(argv), required="nothing, or a folder")
    out = Path(argv[0]).resolve() if argv else checkout() / "build" / "site"
    if out.exists() and not (out / FIRST_PAGE).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(
            "There is something else.", presented=str(out), required="a new folder, or a site to replace"
        )
    return out


def _render(root: Path, out: Path) -> int:
    # Loaded here: they are not there without the extra.
    from pages import write_pages
    from sphinx.cmd.build import build_main

    # Next to nothing of what is made here is garbage before the end.
    gc.disable()
    # Sphinx writes the day into what it makes, unless it is told one.
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    with TemporaryDirectory(prefix="labkit-site-") as temporary:
        source, kept = Path(temporary) / "source", Path(temporary) / "kept"
        write_pages(root, source)
        options = ["-q", "-E", "-n", "-W", "--keep-going", "-b", "html"]
        failed = build_main([*options, "-c", str(HERE), "-d", str(kept), str(source), str(out)])
    # A note of Sphinx's to itself about how to build incrementally.
    (out / ".buildinfo").unlink(missing_ok=True)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
