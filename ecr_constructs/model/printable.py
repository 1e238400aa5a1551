"""Text of any origin on a terminal or in a log, where none of it may have an effect.

Control characters move the cursor, change colours and titles, and hide text; bidirectional ones
change the order of a line; CI systems take lines of a log as commands.
"""

import re
import unicodedata

# Commands of GitHub at the beginning of a line, and those of GitHub, Azure Pipelines and TeamCity
# anywhere.
# https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
_COMMAND = re.compile(r"^(\s*):(?=:)|(#)#(?=\w*\[)")


def printable(text: str) -> str:
    r"""Return a text as one line, with an escape in place of what is not shown as itself.

    Example:
        >>> printable("web\x1b[2Jhidden")
        'web\\x1b[2Jhidden'
    """
    if not text.isprintable():
        text = "".join(map(_shown, text))
    if "::" in text or "##" in text:
        text = _COMMAND.sub(_escaped_command, text)
    return text


def _escaped_command(match: re.Match[str]) -> str:
    return f"{match[1] or match[2] or ''}\\x{ord(match[0][-1]):02x}"


def _shown(character: str) -> str:
    # Spaces of any width are shown as themselves.
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
