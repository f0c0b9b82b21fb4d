"""What the image starts: the python runtime's server, whose handler runs the package's executable, a process a call."""

import os
import shutil
from urllib.parse import unquote_to_bytes

import shell_process
from hearth import BadRequest, _main
from hearth._load import Handler, LoadError


PARAMETER = "hearth-param-"


def load(name, folder):
    """The Handler that runs the file `name` of `folder`."""
    name = name or "handler.sh"
    command = command_of(name, os.path.join(folder, name))

    async def handle(request, context):
        return await shell_process.Process(command, folder, variables(request, context), request).answer()

    handle.stream_body = True
    return Handler(handle)


def command_of(name, path):
    """What runs the file: itself, or its interpreter where it lacks the executable bit or a first line that names one."""
    if not os.path.isfile(path):
        raise LoadError(f"the package has no file {name}")
    if not os.access(path, os.R_OK):
        raise LoadError(f"{name} cannot be read: chmod a+rx {name}")
    with open(path, "rb") as file:
        first = file.readline(256)
    executable = os.access(path, os.X_OK)
    if first.startswith(b"#!"):
        interpreter, argument = interpreter_of(first)
        if shutil.which(interpreter) is None:
            ends = ": its lines end as on Windows" if first.endswith(b"\r\n") else ""
            raise LoadError(f"{name} asks for {interpreter!r}, which the image does not have{ends}")
        return [path] if executable else [interpreter, *argument, path]
    if first.startswith(b"\x7fELF"):
        if not executable:
            raise LoadError(f"{name} is not executable: chmod +x {name}")
        return [path]
    if not executable and not name.endswith(".sh"):
        raise LoadError(f"{name} is neither executable nor a script: chmod +x {name}, or begin it with #!")
    return ["/bin/sh", path]


def interpreter_of(line):
    """(program, [argument] or []) of a script's first line, read as the kernel does: a \\r is part of a name."""
    program, *argument = os.fsdecode(line[2:].rstrip(b"\n").strip(b" \t").replace(b"\t", b" ")).split(" ", 1)
    return program, argument


def variables(request, context):
    """RFC 3875's names, where they mean the same; values are the bytes that came."""
    path = decoded(request.path)
    target = f"{request.path}?{request.raw_query}" if request.raw_query else request.path
    given = {
        b"REQUEST_METHOD": request.method.encode("latin-1"), b"PATH_INFO": path,
        b"QUERY_STRING": request.raw_query.encode("latin-1"), b"REQUEST_URI": target.encode("latin-1"),
        b"HEARTH_CALL_ID": context.call_id.encode("latin-1"),
        b"HEARTH_DEADLINE_MS": b"%d" % int(context.remaining() * 1000), b"TRACEPARENT": context.traceparent.encode("latin-1"),
    }
    for name, value in request.headers.items():
        if name.startswith(PARAMETER) and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
            given[f"HEARTH_PARAM_{name.removeprefix(PARAMETER).upper()}".encode()] = decoded(value)
        # A client's `Proxy` field must not become the variable that programs take their proxy from, and an underscore
        # must not pass for a hyphen that someone before us has checked.
        if name == "proxy" or not name.isascii() or not name.replace("-", "").isalnum():
            continue
        key = name.upper().replace("-", "_")
        given[(key if name in ("content-type", "content-length") else f"HTTP_{key}").encode()] = value.encode("latin-1")
    return {**os.environb, **given}


def decoded(text):
    """What stood percent-encoded in the path."""
    plain = unquote_to_bytes(text.encode("latin-1"))
    if b"\0" in plain:
        raise BadRequest("the path has a zero byte in it, which no variable can hold")
    return plain


if __name__ == "__main__":
    shell_process.prepare()
    _main.main(load)
