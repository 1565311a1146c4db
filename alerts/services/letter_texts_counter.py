"""Letters of a counter: what somebody takes home who was enrolled there, and the receipt of what they paid."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from alerts.services.letter_parts import Line, Text, ask, day_text, money_text, offer_of
from alerts.services.letters import Matter


def enrolled(matter: Matter) -> Text:
    """Enrolled at a counter: the membership card, and what was signed."""
    words = {"merchant": matter.merchant, "offer": offer_of(matter)}
    began = _("Your subscription “%(offer)s” is open.") if words["offer"] else _("Your subscription is open.")
    with_it = matter.enclosed
    said = [began % words]
    if with_it.papers:
        said.append(_("What you signed is attached: keep it."))
    if with_it.card:
        said.append(_("This is your membership card: show it at the door, on your telephone or printed."))
    return Text(
        subject=_("%(merchant)s: welcome") % words,
        head=_("Welcome"),
        paragraphs=tuple(said),
        notes=ask(matter),
        card=with_it.card,
    )


def receipt(matter: Matter) -> Text:
    """The receipt of a payment that somebody asked for at a counter."""
    told = matter.enclosed.receipt
    assert told is not None  # a payment that brought nothing has no such letter
    means = {
        "cash": _("in cash"),
        "cheque": _("by cheque"),
        "transfer": _("by transfer"),
        "terminal": _("by card"),
        "card": _("by card"),
        "sepa_debit": _("by direct debit"),
    }.get(told.means, "")
    words = {
        "merchant": matter.merchant,
        "amount": money_text(told.amount, told.currency, matter),
        "day": day_text(date.fromisoformat(told.on), matter),
        "means": means,
        "number": told.number,
        "left": money_text(told.left, told.currency, matter),
    }
    said = [_("On %(day)s you paid %(amount)s %(means)s.") % words]
    if told.number:
        said.append(_("It is for invoice %(number)s.") % words)
    if told.left:
        said.append(_("%(left)s of it is still to be paid.") % words)
    return Text(
        subject=_("%(merchant)s: receipt of %(amount)s") % words,
        head=_("Receipt: %(amount)s") % words,
        paragraphs=tuple(said),
        lines=tuple(Line(title=title, amount=money_text(sum_, told.currency, matter)) for title, sum_ in told.lines),
        notes=ask(matter),
    )
