"""``python -m ecr_constructs``: the same as the command ``ecr-constructs``."""

import sys

from ecr_constructs.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
