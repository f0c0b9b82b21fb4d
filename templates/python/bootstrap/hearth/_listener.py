"""Where a process of ours listens."""

import os
import socket


class Listener:
    """A listening socket at `path`, which is there for nobody until published. Without a path: on $PORT, at once."""

    def __init__(self, path):
        self._path = path
        if not path:
            self.socket = socket.create_server(("0.0.0.0", int(os.environ.get("PORT", "8080"))), backlog=1024)
            return
        self.staging = f"{path}.{os.getpid()}"
        if os.path.exists(self.staging):
            os.unlink(self.staging)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(self.staging)
        os.chmod(self.staging, 0o666)  # its folder says who may come here
        self.socket.listen(1024)

    def publish(self):
        if self._path:
            os.rename(self.staging, self._path)
