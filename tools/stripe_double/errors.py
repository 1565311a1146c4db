"""Stripe's refusals, with Stripe's own words."""

from __future__ import annotations

from typing import Any

from .notes import public


class ApiError(Exception):
    """An answer with an `error` body, as Stripe gives it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.decline_code = decline_code
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        if self.decline_code:
            error["decline_code"] = self.decline_code
        return {"error": {**error, **self.extra}}

    @property
    def is_validation(self) -> bool:
        """Whether Stripe refuses before doing anything, so that the idempotency key stays unused."""
        return self.status in (400, 401, 404, 409, 429)


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """A request that makes no sense."""
    return ApiError(400, message, param=param, code=code)


def missing(kind: str, ident: str, *, param: str = "id") -> ApiError:
    """An id that this account does not have: 404 in the path, 400 in a parameter."""
    status = 404 if param == "id" else 400
    return ApiError(status, f"No such {kind}: '{ident}'", code="resource_missing", param=param)


def unexpected_state(obj: dict[str, Any], message: str) -> ApiError:
    """An object that is not in a state where this may be asked; an intent is shown in the error."""
    kind = obj["object"]
    extra = {kind: public(obj)} if kind.endswith("_intent") else {}
    return ApiError(400, message, code=f"{kind}_unexpected_state", extra=extra)
