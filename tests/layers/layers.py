#!/usr/bin/env python3
"""Which folder may use which: reads every #include and every CMake target, and names each line that breaks a rule.

layers.py [ROOT]: prints `file:line: the rule` for each and exits with 1 when there is any.
"""
import pathlib
import re
import sys

INNER = {"domain", "ports"}
OUTER = INNER | {"control", "http", "telemetry"}

# A folder of controller/ (or cli) → the folders it may use besides itself.
MAY_USE = {
    "domain": set(),
    "ports": {"domain"},
    "control": INNER,
    "http": {"domain"},
    "net": {"domain"},
    "telemetry": INNER,
    "gateway": OUTER,
    "api": OUTER | {"net"},  # it hands requests on to the inner listener
    "events": OUTER | {"net"},  # it calls functions, and whoever is to be told
    "store": INNER | {"telemetry"},
    "host": INNER | {"telemetry"},
    "handover": INNER,
    "launcher": set(),
    "engines/docker": INNER | {"net", "telemetry"},
    "engines/kubernetes": INNER | {"net", "telemetry"},
    "cli": {"domain", "net"},
}

# A library's first word in an #include → the files that may use it, as patterns of their path.
# nlohmann/json is slow to compile: sources of the layers that speak JSON, and headers that say so in their name.
JSON = r"(controller/(control|api|telemetry|gateway|engines/\w+)|cli)/(\w+/)?(\w+\.cpp|\w*(codec|json)\w*\.h)$"
OWNERS = {
    "asio": r"$^",
    "asio.hpp": r"$^",
    "boost": r"$^",
    "curl": r"controller/net/",
    "cpprest": r"controller/api/cpprest_listener\.(cpp|h)$",
    "pplx": r"controller/api/cpprest_listener\.(cpp|h)$",
    "sqlite3.h": r"controller/store/",
    "spdlog": r"controller/telemetry/",
    "fmt": r"controller/telemetry/",
    "prometheus": r"controller/telemetry/",
    "nlohmann": JSON,
    "openssl": r"(controller/(control|store|api|engines/docker)|cli)/",
    "archive.h": r"(controller/(store|engines/docker)|cli)/",
    "archive_entry.h": r"(controller/(store|engines/docker)|cli)/",
    "yaml-cpp": r"(controller/\w+\.(cpp|h)$|cli/)",
    "CLI": r"(controller/\w+\.(cpp|h)$|cli/)",
    "nftables": r"controller/(host|engines/docker)/",
}
SYSTEM_FOLDERS = {"sys", "linux", "netinet", "arpa", "net", "asm"}

# The same libraries by their CMake names.
CMAKE_OWNERS = {
    "CURL::libcurl": {"net"},
    "cpprestsdk::cpprest": {"api"},
    "SQLite::SQLite3": {"store"},
    "spdlog::spdlog": {"telemetry"},
    "PkgConfig::PROMETHEUS": {"telemetry"},
    "nlohmann_json::nlohmann_json": {"control", "gateway", "api", "engines/docker", "engines/kubernetes", "cli", "telemetry"},
    "CLI11::CLI11": {"cli", "main"},
    "PkgConfig::YAML_CPP": {"cli", "main"},
    "PkgConfig::ARCHIVE": {"store", "engines/docker", "cli"},
}

INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')
TARGET = re.compile(r"(hearth_layer|target_link_libraries)\s*\(([^)]*)\)")


def layer_of(path):
    """The layer of a path below the root: "main" for what stands in controller/ itself, None outside."""
    parts = pathlib.PurePosixPath(path).parts
    if not parts or parts[0] not in ("controller", "cli"):
        return None
    if parts[0] == "cli":
        return "cli"
    folders = parts[1:-1]
    if not folders:
        return "main"
    return "/".join(folders[:2]) if folders[0] == "engines" else folders[0]


def may_use(layer, other):
    return layer == "main" or layer == other or other in MAY_USE.get(layer, set())


def resolve(root, path, include):
    """The path below the root of an #include of ours, or None."""
    for candidate in (pathlib.PurePosixPath("controller") / include, pathlib.PurePosixPath(include), path.parent / include):
        if (root / candidate).is_file():
            return candidate
    return None


def check_include(root, path, quote, include):
    """The rule that one #include breaks, or None."""
    layer = layer_of(path)
    if quote == '"':
        target = resolve(root, path, include)
        if target is None:
            return None  # the compiler says it better
        other = layer_of(target)
        return None if other is None or may_use(layer, other) else f"{layer} may not use {other} ({include})"
    first = include.split("/")[0]
    if layer == "domain" and ("/" in include or include.endswith((".h", ".hpp"))):
        return f"domain uses the standard library alone (<{include}>)"
    if first in OWNERS:
        if include == "nlohmann/json_fwd.hpp" and layer not in ("domain", "ports"):
            return None
        return None if re.match(OWNERS[first], str(path)) else f"<{include}> belongs to {OWNERS[first]}"
    if "/" in include and first not in SYSTEM_FOLDERS:
        return f"<{include}>: a library with no owner in tests/layers/layers.py"
    return None


def check_source(root, path):
    text = (root / path).read_text(errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if found := INCLUDE.match(line):
            if rule := check_include(root, path, *found.groups()):
                yield f"{path}:{number}: {rule}"


def target_layer(name):
    """hearth_engine_docker → engines/docker; hearth_net → net; None for what is no layer."""
    name = name.removeprefix("hearth_")
    return name.replace("engine_", "engines/") if name.replace("engine_", "engines/") in MAY_USE else None


def check_cmake(root, path):
    text = (root / path).read_text(errors="replace")
    text = re.sub(r"#[^\n]*", "", text)
    layer = layer_of(path)
    for found in TARGET.finditer(text):
        number = text.count("\n", 0, found.start()) + 1
        for word in found.group(2).split()[1:]:
            other = target_layer(word) if word.startswith("hearth_") else None
            if other and not may_use(layer, other):
                yield f"{path}:{number}: {layer} may not link {word}"
            if word in CMAKE_OWNERS and layer not in CMAKE_OWNERS[word]:
                yield f"{path}:{number}: {layer} may not link {word}: it belongs to {', '.join(sorted(CMAKE_OWNERS[word]))}"


def check_tree(root):
    complaints = []
    for top in ("controller", "cli"):
        for file in sorted((root / top).rglob("*")):
            path = pathlib.PurePosixPath(file.relative_to(root).as_posix())
            if file.suffix in (".cpp", ".h"):
                layer = layer_of(path)
                if layer != "main" and layer not in MAY_USE:
                    complaints.append(f"{path}:1: the folder has no rule in tests/layers/layers.py")
                complaints += check_source(root, path)
            elif file.name == "CMakeLists.txt":
                complaints += check_cmake(root, path)
    return complaints


if __name__ == "__main__":
    found = check_tree(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    print("\n".join(found) if found else "layers: every folder uses only what it may")
    sys.exit(1 if found else 0)
