"""Every error as `application/problem+json` (RFC 9457): one shape, a stable code, never a trace."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as noop
from django.views import defaults
from rest_framework.exceptions import APIException, ErrorDetail, Throttled, ValidationError
from rest_framework.response import Response

from merchants.http.strict_json import BodyTooLarge
from merchants.refusals import FieldError, Invalid, NotFound, Refusal
from merchants.services.violations import refusal_of
from merchants.tracing import request_id

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 50
RETRY_SECONDS = 1
_TIME_OUTS = {"57014", "55P03", "40P01", "40001"}  # cancelled, lock not had, deadlock, serialization
_TITLES = {
    400: noop("Malformed request"),
    401: noop("No or wrong key"),
    403: noop("Not allowed"),
    404: NotFound.title,
    405: noop("Not a method of this address"),
    411: noop("Length required"),
    413: noop("Body too large"),
    415: noop("Unsupported type of body"),
    422: Invalid.title,
    429: noop("Too many requests"),
    500: noop("Our fault"),
    503: noop("Busy"),
}
_log = logging.getLogger(__name__)


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    title: str = "",
    errors: Iterable[Mapping[str, str]] = (),
    members: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """The body of an error; texts are already in the reader's language. `members` are what this code tells besides."""
    return {
        **(members or {}),
        "type": f"urn:tacite:problem:{code}",
        "title": title or gettext(_TITLES.get(status, "Refused")),
        "status": status,
        "detail": detail,
        "code": code,
        "errors": list(errors)[:MOST_ERRORS],
        "request_id": request_id.get(),
    }


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler: what each exception is for the caller. What we did not foresee is logged, and a 500."""
    if isinstance(exc, IntegrityError):
        exc = refusal_of(exc) or exc
    if isinstance(exc, Http404):
        exc = NotFound()
    if isinstance(exc, ValidationError):
        exc = invalid_of(exc)
    if isinstance(exc, RequestDataTooBig):
        exc = BodyTooLarge()
    if isinstance(exc, Refusal):
        return _of_refusal(exc)
    if isinstance(exc, DjangoPermissionDenied):
        return _answer(status=403, code="forbidden", detail=gettext("Not allowed."))
    if isinstance(exc, APIException):
        return _of_framework(exc)
    if isinstance(exc, OperationalError | InterfaceError):
        return _of_database(exc)
    _log.exception("unforeseen", exc_info=exc, extra={"request_id": request_id.get()})
    request = context.get("request")
    got_request_exception.send(sender=problem_response, request=getattr(request, "_request", request))
    return _answer(status=500, code="internal", detail=gettext("Something went wrong on our side. It was noted."))


def invalid_of(error: ValidationError) -> Invalid:
    """A serializer's nested errors as one refusal whose fields are paths such as `stages[1].recurrences`."""
    errors = list(_paths(error.detail, ""))
    code = errors[0].code if len(errors) == 1 else "invalid"
    return Invalid(code=code, errors=errors)


def _paths(found: Any, path: str) -> Iterable[FieldError]:
    if isinstance(found, Mapping):
        for name, inner in found.items():
            if isinstance(name, int):
                yield from _paths(inner, f"{path}[{name}]")
            elif name == "non_field_errors":
                yield from _paths(inner, path)
            else:
                yield from _paths(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(found, list):
        for place, inner in enumerate(found):
            yield from _paths(inner, path if isinstance(inner, ErrorDetail) else f"{path}[{place}]")
    else:
        code = getattr(found, "code", None) or "invalid"
        yield FieldError(field=path, code=code, detail="%(text)s", params={"text": str(found)})


def _answer(*, headers: Mapping[str, str] | None = None, **parts: Any) -> Response:
    return Response(problem(**parts), status=parts["status"], headers=headers, content_type=MEDIA_TYPE)


def _of_refusal(refusal: Refusal) -> Response:
    errors = [{"field": e.field, "code": e.code, "detail": e.say(gettext)} for e in refusal.errors]
    detail = " ".join(part for part in (refusal.say(gettext), refusal.say_way_out(gettext)) if part)
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
    title = gettext(refusal.title)
    return _answer(
        headers=headers,
        status=refusal.status,
        code=refusal.code,
        title=title,
        detail=detail,
        errors=errors,
        members=refusal.members,
    )


_FRAMEWORK_CODES = {405: "method_not_allowed", 415: "unsupported_media_type", 429: "rate_limited"}


def _of_framework(exc: APIException) -> Response:
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(exc, Throttled):
        headers["Retry-After"] = str(max(1, math.ceil(getattr(exc, "wait", None) or 1)))
    codes = exc.get_codes()
    code = _FRAMEWORK_CODES.get(exc.status_code) or (codes if isinstance(codes, str) else "refused")
    return _answer(status=exc.status_code, code=code, detail=str(exc.detail), headers=headers)


def _of_database(exc: Exception) -> Response:
    """A lock or statement that took too long, or no database at all: nothing was written, and trying again is right."""
    slow = getattr(exc.__cause__, "pgcode", None) in _TIME_OUTS
    if not slow:
        _log.error("the database does not answer", exc_info=exc)
    wait = RETRY_SECONDS if slow else 5 * RETRY_SECONDS
    detail = gettext("That took too long just now. Nothing was changed; try again.")
    return _answer(status=503, code="busy", detail=detail, headers={"Retry-After": str(wait)})


def _ours(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _plain(status: int, code: str, detail: str) -> HttpResponse:
    body = problem(status=status, code=code, detail=detail)
    return JsonResponse(body, status=status, content_type=MEDIA_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler400` of the project."""
    if not _ours(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return _plain(413, "body_too_large", str(BodyTooLarge.default_detail))
    return _plain(400, "malformed", gettext("The request cannot be read."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler403` of the project."""
    if not _ours(request):
        return defaults.permission_denied(request, exception)
    return _plain(403, "forbidden", gettext("Not allowed."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`handler404` of the project: an unknown address of the API answers as an unknown id does."""
    if not _ours(request):
        return defaults.page_not_found(request, exception)
    return _plain(404, NotFound.code, gettext(NotFound.detail))


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500` of the project."""
    if not _ours(request):
        return defaults.server_error(request)
    return _plain(500, "internal", gettext("Something went wrong on our side. It was noted."))
