"""What a row of an old member file repeats: of an earlier row, or of what is here already."""

from __future__ import annotations

from billing.imports.members import Member, same_person
from billing.selectors.import_lookups import Known
from merchants.refusals import FieldError, gettext_noop


class Seen:
    """What stood in earlier rows of the file: by what, on which line."""

    def __init__(self) -> None:
        self.references: dict[str, int] = {}
        self.people: dict[str, int] = {}
        self.mandates: dict[str, int] = {}

    def faults(self, member: Member) -> list[FieldError]:
        """What this row repeats of an earlier one; it is remembered."""
        found = []
        reference = str(member.profile.get("reference") or "").casefold()
        first = self.references.setdefault(reference, member.line) if reference else member.line
        if first != member.line:
            detail = gettext_noop("The same member number as in row %(line)s.")
            found.append(_fault("reference", "reference_twice", detail, line=first))
        keys = same_person(member.profile)
        firsts = [self.people.setdefault(key, member.line) for key in keys]
        first = min(firsts, default=member.line)
        if first != member.line and not found:
            found.append(
                _fault("name", "person_twice", gettext_noop("The same person as in row %(line)s."), line=first)
            )
        if member.mandate:
            first = self.mandates.setdefault(member.mandate["reference"].casefold(), member.line)
            if first != member.line:
                detail = gettext_noop("The same mandate as in row %(line)s.")
                found.append(_fault("mandate_reference", "mandate_twice", detail, line=first))
        return found


def _fault(field: str, code: str, detail: str, **params: object) -> FieldError:
    return FieldError(field=field, code=code, detail=detail, params=params)


def known_faults(member: Member, known: Known) -> list[FieldError]:
    """What the row repeats of what is here already."""
    found = []
    if member.profile.get("reference") in known.references:
        found.append(_fault("reference", "reference_taken", gettext_noop("Taken by another subscriber.")))
    elif any(key in known.people for key in same_person(member.profile)):
        found.append(
            _fault("name", "person_known", gettext_noop("Somebody with this name and e-mail is here already."))
        )
    if member.mandate and member.mandate["reference"] in known.mandates:
        found.append(
            _fault("mandate_reference", "mandate_reference_taken", gettext_noop("Another mandate has this reference."))
        )
    return found
