"""What is about to be committed, looked at as git will store it: notebooks without outputs, and no large file.

    python3 -I .ci/stored_files.py notebooks FILE …     each notebook is in its stored form (workbench/stored_form.py)
    python3 -I .ci/stored_files.py size FILE …          no file is larger than 3 MB

The staged content counts, not the file in the folder: a saved notebook keeps its outputs there. Standard library only.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST = 3_000_000  # bytes; the fonts, the largest files of the repository, have 2.3 million
REMEDIES = {
    "notebooks": "is staged with outputs: python3 run.py setup sets git's filter; then git add it again",
    "size": f"has more than {MOST:,} bytes; leave it out, or make it smaller",
}


def staged(path: str) -> bytes:
    """The content of a file in git's index."""
    return subprocess.run(["git", "show", f":{path}"], check=True, capture_output=True).stdout


def refused(check: str, paths: list[str]) -> list[str]:
    """The paths whose staged content does not pass a check."""
    if check == "size":
        return [path for path in paths if len(staged(path)) > MOST]
    spec = importlib.util.spec_from_file_location("stored_form", ROOT / "workbench/stored_form.py")
    form = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(form)
    return [path for path in paths if form.cleaned(content := staged(path)) != content]


if __name__ == "__main__":
    found = refused(sys.argv[1], sys.argv[2:])
    print("\n".join(f"{path} {REMEDIES[sys.argv[1]]}" for path in found))
    sys.exit(bool(found))
