"""Business refusals: types with a code, a status and a way out.

A refusal is raised before anything is written, so that an error changed nothing (api.md, Errors). Its texts are
English msgids marked with `gettext_noop`; the face that answers translates them (`say`), because this module is pure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Self

Translate = Callable[[str], str]


def gettext_noop(text: str) -> str:
    """Mark an English msgid for the catalogues without needing Django; `makemessages` finds it by its name."""
    return text


def fill(msgid: str, params: Mapping[str, object], translate: Translate = str) -> str:
    """Translate a msgid, then put its named values in.

    >>> fill("At most %(most)s.", {"most": 3})
    'At most 3.'
    >>> fill("100 % sure", {})
    '100 % sure'
    """
    text = translate(str(msgid)) if msgid else ""
    return text % params if params else text


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one field. `field` is a path such as `stages[1].amount`; `code` is stable."""

    field: str
    code: str
    detail: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def say(self, translate: Translate = str) -> str:
        """The detail in the reader's language."""
        return fill(self.detail, self.params, translate)

    def under(self, prefix: str) -> FieldError:
        """The same error seen from the object that contains the field.

        >>> FieldError(field="amount", code="negative", detail="…").under("stages[0]").field
        'stages[0].amount'
        """
        path = f"{prefix}.{self.field}" if self.field else prefix
        return FieldError(field=path, code=self.code, detail=self.detail, params=self.params)


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A request that we understood and will not do. Subclass it, or give a `code`.

    `title` says the kind, `detail` this case, `way_out` what one can do. `params` are the named values of detail and
    way out (`%(name)s`). `retry_after`: in how many seconds the same request may be granted, where that is known.
    `members`: what a program wants to know beside the code (how much is left), as further members of the API's problem.

    >>> refusal = Conflict("It ended on %(day)s.", code="subscription_ended", params={"day": "2026-05-01"})
    >>> refusal.status, refusal.code, refusal.say()
    (409, 'subscription_ended', 'It ended on 2026-05-01.')
    """

    status: ClassVar[int] = 400
    code: str = "refused"
    title: str = gettext_noop("Refused")
    detail: str = ""
    way_out: str = ""
    retry_after: int | None = None

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        way_out: str | None = None,
        params: Mapping[str, object] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        if detail is not None:
            self.detail = detail
        if code is not None:
            self.code = code
        if way_out is not None:
            self.way_out = way_out
        self.errors: list[FieldError] = list(errors)
        self.params: Mapping[str, object] = dict(params or {})
        self.members: Mapping[str, object] = dict(members or {})
        super().__init__(self.code, self.say())

    def say(self, translate: Translate = str) -> str:
        """The detail in the reader's language; the first field's where there is no other."""
        if not self.detail and self.errors:
            return self.errors[0].say(translate)
        return fill(self.detail, self.params, translate)

    def say_way_out(self, translate: Translate = str) -> str:
        """What one can do about it, in the reader's language; empty where nothing can be done."""
        return fill(self.way_out, self.params, translate)


class Invalid(Refusal):
    """Fields that cannot be accepted as they are: 422, with one entry in `errors` per field."""

    status = 422
    code = "invalid"
    title = gettext_noop("Some fields are not valid")

    @classmethod
    def at(cls, field: str, code: str, detail: str, params: Mapping[str, object] | None = None) -> Self:
        """One faulty field; the refusal takes its code.

        >>> Invalid.at("quantity", "quantity_too_small", "At least 1.").errors[0].field
        'quantity'
        """
        return cls(code=code, errors=[FieldError(field=field, code=code, detail=detail, params=dict(params or {}))])

    def under(self, prefix: str) -> Self:
        """The same refusal with its fields seen from the object that contains them."""
        return type(self)(
            self.detail or None,
            code=self.code,
            errors=[error.under(prefix) for error in self.errors],
            way_out=self.way_out or None,
            params=self.params,
        )


class Forbidden(Refusal):
    """The actor is known and may not do this: 403."""

    status = 403
    code = "forbidden"
    title = gettext_noop("Not allowed")


class NotFound(Refusal):
    """Unknown, or another merchant's: the answer is the same to the letter (api.md, Conventions)."""

    status = 404
    code = "not_found"
    title = gettext_noop("Not found")
    detail = gettext_noop("There is nothing here under that id.")


class Conflict(Refusal):
    """Valid in itself, but not in the present state: 409; `code` says which."""

    status = 409
    code = "conflict"
    title = gettext_noop("Not possible in the present state")
