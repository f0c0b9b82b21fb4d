"""What schemathesis is told of the API beyond its description; it loads this file by SCHEMATHESIS_HOOKS."""

import schemathesis


@schemathesis.serializer("application/x-tar")
def tar_of(context, value):
    """Packages that it makes up are bytes as they come."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.hook
def filter_body(context, body):
    """No image is pulled and nothing is built: that is for tests which know what comes of it."""
    spec = body.get("spec") if isinstance(body, dict) else None
    return not (isinstance(spec, dict) and spec.get("image"))


@schemathesis.hook
def before_call(context, case, kwargs):
    """What waits for news by its nature would be waited for in vain."""
    query = case.query if isinstance(case.query, dict) else {}
    if str(query.get("follow")).lower() in ("true", "1", ""):
        query["follow"] = "false"
    if str(query.get("wait")).isdigit() and 0 < int(query["wait"]) <= 60:
        query["wait"] = 0
