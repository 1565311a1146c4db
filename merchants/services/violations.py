"""What the database refused, as a refusal: our constraints are sentences, and their names are stable codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.apps import apps
from django.db import IntegrityError, transaction

from merchants.refusals import Conflict, FieldError, gettext_noop

TAKEN = gettext_noop("This reference is in use already.")
_WAY_OUT = gettext_noop("Choose another, or change the object that has it.")


@cache
def sentences() -> frozenset[str]:
    """The names of the constraints that state a rule of the domain. Keys between tables are none: breaking one of
    those is our own fault, not the caller's."""
    return frozenset(
        constraint.name
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if model._meta.app_label in {"merchants", "subscribers", "invoices", "billing", "alerts"}
    )


def constraint_of(error: BaseException) -> str:
    """The constraint that PostgreSQL named, or nothing."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""


def refusal_of(error: IntegrityError) -> Conflict | None:
    """The refusal (409) that a broken rule amounts to; None where no rule of the domain was broken.

    A reference that is taken has one code for every kind of object, `reference_taken`; other rules are their own code,
    such as `an_offer_lists_an_option_once`.
    """
    name = constraint_of(error)
    if name not in sentences():
        return None
    if name.endswith("_reference_is_unique"):
        fault = FieldError(field="reference", code="reference_taken", detail=TAKEN)
        return Conflict(code="reference_taken", errors=[fault], way_out=_WAY_OUT)
    words = name.replace("_", " ")
    return Conflict(words[:1].upper() + words[1:] + ".", code=name)


@contextmanager
def refusing() -> Iterator[None]:
    """Write in a savepoint; where a rule of the domain is broken raise its refusal and leave the transaction usable."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error
