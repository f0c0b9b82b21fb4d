"""What schemathesis is told of the API beyond its description; it loads this file by SCHEMATHESIS_HOOKS."""

import hashlib
import json
import os
import re

import jsonschema_rs
import schemathesis
from hypothesis import strategies

# What the description says in words, since no schema can: the refusals of each operation that are right for data which
# fits its schema, by the field and the message of a 422.
RULES = {
    "PUT /v1/namespaces/{ns}/functions/{name}": [
        r"(name|namespace) is not the name(space)? in the URL",
        r"limits\.memory must be from 16Mi to 1024Gi",
        r"limits\.cpu must be from 0\.01 to 256",
        r"limits\.timeout must be from 1ms to 24h",
        r"limits\.(tmp|body) must be at most 64Gi",
        r"scale\.min must not be more than scale\.max",
        r"scale\.idle_timeout must be from 100ms to 168h",
        r"scale\.start_timeout must be from 100ms to 1h",
        r"retry\.(max_)?backoff must be from 1ms to 24h",
        r"scale\.freeze must be auto, never, or from 100ms to 168h",
        r"triggers\[\d+\]\.http\.cors\.max_age must be from 0s to 24h",
        r"triggers\[\d+\]\.http\.path takes the same requests as triggers\[\d+\]\.http",
        r"triggers\[\d+\]\.http\.path column \d+: is longer than 1024 bytes",
        r"triggers\[\d+\]\.http\.path column \d+: more than 16 parameters",
        r"triggers\[\d+\]\.http\.path column \d+: \".*\" stands twice; names are the same in any case",
        r" If-Match and If-None-Match exclude each other",
    ],
    "GET /v1/namespaces/{ns}/usage": [r" the parameter from is later than to"],
    "GET /v1/namespaces/{ns}/functions/{name}/logs": [r" the parameter grep is no regular expression: .*"],
}

schemathesis.openapi.format("size", strategies.sampled_from(["16Mi", "64Mi", "1.5Gi", "68719476736"]))
schemathesis.openapi.format("time-span", strategies.sampled_from(["100ms", "1s", "2.5m", "1h"]))


schemathesis.openapi.format("entity-tags", strategies.sampled_from(['"0"', 'W/"7"', '"7-0123456789abcdef", "8"']))


def bytes_of(value):
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.serializer("application/x-tar")
def tar_of(context, value):
    """Packages that it makes up are bytes as they come."""
    return bytes_of(value)


def is_positive(case):
    return case.meta is None or case.meta.generation.mode.is_positive


@schemathesis.hook
def map_case(context, case):
    """Nothing is deployed and nothing is waited for in vain; what belongs together does."""
    label = case.operation.label
    if label == "PUT /v1/namespaces/{ns}/functions/{name}":
        deploy_nothing(case)
    if label == "PUT /v1/namespaces/{ns}/packages/{digest}" and is_positive(case):
        # No schema says which bytes a digest is of.
        case.path_parameters["digest"] = "sha256:" + hashlib.sha256(bytes_of(case.body)).hexdigest()
    if label == "DELETE /v1/namespaces/{ns}/functions/{name}" and case.path_parameters.get("name") == "tried":
        case.headers["If-Match"] = '"0"'  # others read it
    if "/calls/{id}" in label and is_positive(case):
        case.path_parameters.update(ns="default", id=os.environ["HEARTH_TRIED_CALL"])  # no schema knows which are there
    if label.startswith("GET "):
        wait_shortly(case)
    return case


def deploy_nothing(case):
    """Each change is for a version that is not there, so that no image is pulled: what would be deployed gets a 412."""
    if "If-None-Match" in case.headers:
        case.path_parameters.update(ns="default", name="tried")
    elif "If-Match" not in case.headers:
        case.headers["If-Match"] = '"0"'


def wait_shortly(case):
    """What waits for news does so for no time, or for the second that it happens to be told."""
    query = case.query if isinstance(case.query, dict) else {}
    if "follow" in query:
        query.setdefault("wait", 0)
    if str(query.get("wait")).isdigit() and 1 < int(query["wait"]) <= 86_400:
        query["wait"] = 0


@schemathesis.check
def refuses_only_by_its_rules(context, response, case):
    """Data that fits the schema is refused for what no schema says, and for nothing else."""
    if response.status_code == 412:
        assert {"If-Match", "If-None-Match"} & set(case.headers or {}), "412 without a precondition"
    if response.status_code != 422 or not is_positive(case):
        return
    problem = response.json()
    told = [f"{error['field']} {error['message']}" for error in problem.get("errors", [])] or [" " + problem["detail"]]
    rules = RULES.get(case.operation.label, [])
    strange = [one for one in told if not any(re.fullmatch(rule, one) for rule in rules)]
    assert not strange, f"the description says this can be: {strange}"


@schemathesis.check
def every_line_is_as_described(context, response, case):
    """Of answers that are a document a line."""
    if not response.headers.get("content-type", [""])[0].startswith("application/x-ndjson"):
        return
    described = case.operation.schema.raw_schema
    answers = described["paths"][case.operation.path][case.method.lower()]["responses"]
    schema = answers["200"]["content"]["application/x-ndjson"]["schema"]
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": described["components"]})
    for line in response.content.splitlines():
        validator.validate(json.loads(line))
