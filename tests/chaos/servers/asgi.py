import asyncio


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b"hello\n"
    if scope["path"] == "/slow":
        await asyncio.sleep(3)
        body = b"slow\n"
    elif scope["path"] == "/echo":
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message["body"]
            more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
