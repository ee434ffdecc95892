"""What the pages of docs/ tell to do, as text."""

import re

from charts import ROOT


def page(name):
    return (ROOT / "docs" / f"{name}.md").read_text()


def blocks(text, language):
    """Those of lists are indented."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]
