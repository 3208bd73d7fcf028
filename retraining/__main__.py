"""The command line of retraining; see ``python -m retraining --help``."""

import sys

from retraining.commands import main

sys.exit(main())
