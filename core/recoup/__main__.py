"""``python -m recoup``: the command line."""

import sys

from recoup.cli import main

sys.exit(main())
