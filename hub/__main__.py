"""`python hub COMMAND`."""

import sys

try:
    from labhub.commands import main
except ImportError as error:
    sys.exit(f"hub: something is not installed: {error}\n  what to do: in the checkout run `make hub`")

sys.exit(main())
