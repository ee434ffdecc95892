"""chart_readme.py [--print]: helm/ejabberd/README.md, made of README.md.in and of the comments in values.yaml.

A comment `# -- text` above a value tells what it is; a value without one is told by its name and its default."""

import re
import sys
from pathlib import Path

CHART = Path(__file__).resolve().parents[2] / "helm" / "ejabberd"


def rows(text):
    path, told = [], ""
    for line in text.splitlines():
        if found := re.match(r" *# -- (.*)", line):
            told = found[1]
        elif found := re.match(r"( *)([A-Za-z0-9]+):(?: +(.*))?$", line):
            del path[len(found[1]) // 2 :]
            path.append(found[2])
            default = found[3]
            if default is not None or told:
                yield ".".join(path), default or "", told
            told = ""


def table():
    lines = ["| value | default | |", "|---|---|---|"]
    for name, default, told in rows((CHART / "values.yaml").read_text()):
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{name}` | {shown} | {told.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def main():
    made = (CHART / "README.md.in").read_text().replace("@VALUES@", table())
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(made)
    else:
        (CHART / "README.md").write_text(made)


main()
