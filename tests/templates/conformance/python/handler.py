import asyncio
import os
import subprocess
import sys

from hearth import Response


async def held(context):
    yield "begun\n"
    try:
        while not os.path.exists("/run/hearth/gate"):
            await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        print("cancelled")
        raise
    yield "over\n"


async def late():
    yield "a piece"
    await asyncio.sleep(0)
    raise RuntimeError("broken on purpose")


def can_write(path):
    try:
        with open(path, "w") as file:
            file.write("x")
        return True
    except OSError:
        return False


def log(context):
    print("to standard output")
    print("to standard error", file=sys.stderr)
    context.logger.info("by the logger")
    sys.stdout.write("by a plain print\n")
    return "logged"


def fail():
    raise RuntimeError("broken on purpose")



def seen(request):
    return {"method": request.method, "path": request.path, "query": request.raw_query,
            "header": request.headers["X-Test"]}


def told(context):
    return {"call_id": context.call_id, "function": context.function, "namespace": context.namespace,
            "revision": context.revision, "traceparent": context.traceparent,
            "remaining_ms": int(context.remaining() * 1000)}


async def handle(request, context):
    path = request.path
    if path == "/size-streamed":
        count = 0
        async for piece in request.stream():
            count += len(piece)
        return str(count)
    if path.startswith("/seen/"):
        return seen(request)
    if path.startswith("/people/"):
        return {name: request.params[name] for name in ("id", "rest_of")}
    if path == "/held":
        return held(context)
    if path == "/late":
        return late()
    answers = {
        "/hello": lambda: "hello",
        "/teapot": lambda: Response(418, {"X-Kind": "tea"}, "short and stout"),
        "/cookies": lambda: Response(200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], "two"),
        "/json": lambda: {"name": "Ada"},
        "/empty": lambda: None,
        "/says-2": lambda: Response(200, {"Content-Length": 2}, "abcdef"),
        "/says-9": lambda: Response(200, {"Content-Length": 9}, "abcdef"),
        "/says-two": lambda: Response(200, {"Content-Length": "two"}, "abcdef"),
        "/big": lambda: b"x" * (8 << 20),
        "/context": lambda: told(context),
        "/log": lambda: log(context),
        "/raise": fail,
        "/env": lambda: os.environ["LEVEL"],
        "/tmp": lambda: {"tmp": can_write("/tmp/x"), "root": can_write("/function/x")},
        "/child": lambda: subprocess.check_output(["grep", "Sig", "/proc/self/status"]),
        "/crash": lambda: os._exit(3),
    }
    if path in answers:
        return answers[path]()
    body = b""
    async for piece in request.stream():
        body += piece
    if path == "/echo":
        return Response(200, {"Content-Type": request.headers.get("Content-Type", "application/octet-stream")}, body)
    if path == "/size":
        return str(len(body))
    return Response(404, {}, "there is no " + path)


handle.stream_body = True
