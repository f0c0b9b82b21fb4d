"""The debugger of `fn dev --debug`: debugpy, which is in the image of such a revision alone."""

import os
import sys

FOLDER = ".debugger"  # where a build puts it


def open_where_wanted(folder):
    """Listens on $HEARTH_DEBUGGER_PORT before any code of the function runs; whoever gets there may run what he likes."""
    port = os.environ.pop("HEARTH_DEBUGGER_PORT", None)
    if not port:
        return
    sys.path.append(os.path.join(folder, FOLDER))
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the frozen modules that it would warn of are none of ours
    import debugpy

    debugpy.listen(("0.0.0.0", int(port)))
