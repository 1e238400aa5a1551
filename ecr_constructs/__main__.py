"""``python -m ecr_constructs``: the same as the command ``ecr-constructs``."""

from ecr_constructs.cli.main import command

if __name__ == "__main__":
    command()
