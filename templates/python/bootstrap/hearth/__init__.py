"""What a handler is given and may give back. Pure: it can be imported, and its classes made, without Hearth."""

from hearth.context import Context
from hearth.request import BadRequest, Request
from hearth.response import Response

__all__ = ["BadRequest", "Context", "Request", "Response"]
