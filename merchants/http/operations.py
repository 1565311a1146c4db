"""What one method of one address takes and gives, said once: the view obeys it, and the OpenAPI document tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from merchants.http.bodies import Body, Filters

H = TypeVar("H", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A handler's contract. `answer` is the TypedDict of the object that it answers (of one row where `page`)."""

    summary: str
    description: str
    answer: Any
    status: int
    body: type[Body] | None
    filters: type[Filters]
    page: bool
    expand: tuple[str, ...]
    media_type: str


def operation(
    summary: str,
    *,
    answer: Any = None,
    body: type[Body] | None = None,
    filters: type[Filters] = Filters,
    page: bool = False,
    status: int = 200,
    expand: tuple[str, ...] = (),
    media_type: str = "application/json",
) -> Callable[[H], H]:
    """Declare a handler of an `ApiView`. Without it the method is not offered at all (405).

    `answer`: a TypedDict, or None where there is no body (204) or a file (`media_type`). `body`, `filters`: what may be
    sent. `page`: a list with cursor and limit. `expand`: which ids `?expand=` may replace with their objects.
    """

    def declare(handler: H) -> H:
        declared = Operation(
            summary=summary,
            description=(handler.__doc__ or "").strip(),
            answer=answer,
            status=status,
            body=body,
            filters=filters,
            page=page,
            expand=expand,
            media_type=media_type,
        )
        handler.operation = declared  # type: ignore[attr-defined]
        return handler

    return declare


def operation_of(view: Any, method: str) -> Operation | None:
    """What a view declares for a method (`HEAD` is `GET` without its body)."""
    name = "get" if method == "HEAD" else method.lower()
    return getattr(getattr(view, name, None), "operation", None)
