"""Finds the handler that $HEARTH_HANDLER names, and says in one line why it cannot be had."""

import difflib
import importlib.util
import inspect
import os
import site
import sys
import traceback

EXIT_CODE = 121  # what hearthd knows as "the handler does not load"
PACKAGES = ".packages"  # where a build puts what requirements.txt asks for


class Handler:
    """The user's function, how it is to be called, and its module's optional shutdown()."""

    def __init__(self, function, module=None):
        called = function if inspect.isroutine(function) else getattr(function, "__call__", function)
        self.function = function
        self.is_coroutine = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
        self.is_async = self.is_coroutine or inspect.isasyncgenfunction(function) or inspect.isasyncgenfunction(called)
        self.streams_body = self.is_async and getattr(function, "stream_body", False) is True
        self.shutdown = getattr(module, "shutdown", None)


class LoadError(Exception):
    """The summary; `cause` is the user's own exception, where there is one."""

    def __init__(self, summary, cause=None):
        super().__init__(summary)
        self.cause = cause


def load(where, folder):
    """The Handler that `where` ("handler.py:handle") names inside `folder`; raises LoadError."""
    file, colon, name = where.rpartition(":")
    if not colon or not file or not name:
        raise LoadError(f"handler {where!r} is not of the form FILE.py:FUNCTION")
    path = os.path.join(folder, file)
    if not os.path.isfile(path):
        raise LoadError(f"the package has no file {file}; {_files(folder)}")
    sys.path.insert(0, folder)
    site.addsitedir(os.path.join(folder, PACKAGES), set())  # none of what it would look for in sys.path is there
    module = _execute(file, path)
    function = getattr(module, name, None)
    if function is None:
        raise LoadError(f"{file} has no function {name!r}{_nearest(module, name)}")
    if not callable(function):
        raise LoadError(f"{name!r} in {file} is not a function but {type(function).__name__}")
    _check_parameters(file, name, function)
    return Handler(function, module)


def report(error):
    """Prints the user's traceback, then the summary as the last line."""
    if error.cause is not None:
        shown = error.cause.__traceback__
        while shown is not None and not _is_users(shown.tb_frame.f_code.co_filename):
            shown = shown.tb_next
        traceback.print_exception(type(error.cause), error.cause, shown, file=sys.stderr)
    print(error, file=sys.stderr)
    sys.stderr.flush()


def _execute(file, path):
    name = file.removesuffix(".py").replace("/", ".")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise LoadError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        where = os.path.relpath(error.filename, os.path.dirname(path)) if error.filename else file
        raise LoadError(f"{where}:{error.lineno} does not parse: {error.msg}", error) from None
    except ModuleNotFoundError as error:
        hint = "" if _is_inside(error.name, path) else "; is it in requirements.txt?"
        raise LoadError(f"{file} does not load: {error}{hint}", error) from None
    except BaseException as error:
        raise LoadError(f"{file} does not load: {type(error).__name__}: {error}".rstrip(": "), error) from None
    return module


def _check_parameters(file, name, function):
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        raise LoadError(f"{name} in {file} cannot be called with (request, context): {error}") from None
    except ValueError:
        pass  # a callable without a signature is taken at its word


def _nearest(module, name):
    names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    near = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(sorted(names)[:8]) or 'none'}"


def _files(folder):
    try:
        names = sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir(folder))
    except OSError:
        names = []
    names = [name for name in names if not name.startswith(".")]
    return f"it has {', '.join(names[:12])}" if names else "it is empty"


def _is_inside(module, path):
    return bool(module) and os.path.exists(os.path.join(os.path.dirname(path), module.split(".")[0]))


def _is_users(filename):
    return not filename.startswith("<frozen") and not filename.startswith(os.path.dirname(__file__))
