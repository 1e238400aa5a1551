"""Reject a folder with symbolic links: ``python3 -I no_links.py FOLDER``."""  # noqa: INP001 - a script of action.yml

import os
import sys

for folder, folders, files in os.walk(sys.argv[1]):
    for name in (*folders, *files):
        if os.path.islink(os.path.join(folder, name)):  # noqa: PTH114, PTH118 - as os.walk does
            sys.exit(f"ecr-constructs: {sys.argv[1]!r} holds a symbolic link")
