"""What happens when JupyterLab has saved a notebook: git is shown that only its outputs changed, where that is so."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def after_save(os_path: str, model: dict, contents_manager: object = None) -> None:
    """Let `git status` see that a saved notebook is unchanged, if its stored form is (see `workbench.stored_form`).

    git takes a tracked file for modified as soon as its size differs from the size it noted; only `git diff` applies
    the filter and looks. Noting the new size makes the two agree. A notebook whose text or code did change is left
    alone: nothing is ever staged here.

    Parameters as Jupyter's `post_save_hook` passes them: the saved file, its description, and the manager (not used).
    Without git, or outside a clone, nothing happens.
    """
    git = shutil.which("git")
    if git is None or model.get("type") != "notebook":
        return
    path = Path(os_path)
    for command in (["diff", "--quiet"], ["update-index"]):
        try:
            done = subprocess.run([git, *command, "--", path.name], cwd=path.parent, capture_output=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired):  # a notebook is saved, whatever becomes of git
            return
        if done.returncode != 0:
            return
