"""The words of letters about what is coming, and about what is still owed: in time, with what one can do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.services.letter_parts import Text, ask, day_text, invoice_of, lines_of, money_text, offer_of, pay, safe
from alerts.services.letters import Matter
from merchants.now import local_date
from merchants.wording import number_text


def card_expiring(matter: Matter) -> Text:
    """A card serves until the end of its month; another one takes its place in one step."""
    words = _card_words(matter)
    return Text(
        subject=_("%(merchant)s: your card ending in %(last4)s expires on %(day)s") % words,
        head=_("Your card expires soon"),
        paragraphs=(
            _("Your card %(card)s is valid up to and including %(day)s.") % words,
            _("Give another card before then, and your subscription goes on without a break."),
        ),
        act=_give_card(matter),
        notes=(*_safe_card(matter), *ask(matter)),
    )


def card_expired(matter: Matter) -> Text:
    """It is over: the next payment would be refused."""
    words = _card_words(matter)
    return Text(
        subject=_("%(merchant)s: your card ending in %(last4)s has expired") % words,
        head=_("Your card has expired"),
        paragraphs=(
            _("Your card %(card)s was valid up to and including %(day)s.") % words,
            _("The next payment will be refused unless you give another card."),
        ),
        act=_give_card(matter),
        notes=(*_safe_card(matter), *ask(matter)),
    )


def trial_ending(matter: Matter) -> Text:
    """What will be charged, when, and until when one can say no."""
    ends_on = _told_day(matter, "ends_on")
    words = {"merchant": matter.merchant, "offer": offer_of(matter), "day": ""}
    if ends_on is not None:
        words["day"] = day_text(ends_on - timedelta(days=1), matter)
    charge = matter.told.get("first_charge")
    coming: tuple[str, ...] = ()
    if isinstance(charge, Mapping):
        told = {
            "amount": money_text(int(charge["amount"]), str(charge["currency"]), matter),
            "day": day_text(date.fromisoformat(str(charge["on"])), matter),
        }
        coming = (
            _("First payment: %(amount)s on %(day)s.") % told,
            _("If you cancel before that day, nothing is charged."),
        )
    return Text(
        subject=_("%(merchant)s: your free period ends on %(day)s") % words,
        head=_("Your free period ends soon"),
        paragraphs=(
            _("Your free period of “%(offer)s” lasts up to and including %(day)s.") % words,
            *coming,
        ),
        notes=ask(matter),
    )


def subscription_ending(matter: Matter) -> Text:
    """A last word before it is over: cancelled, it can be taken back; a fixed term simply ends."""
    ends_on = _told_day(matter, "ends_on")
    words = {"merchant": matter.merchant, "offer": offer_of(matter), "day": ""}
    if ends_on is not None:
        words["day"] = day_text(ends_on - timedelta(days=1), matter)
    if matter.told.get("why") == "cancelled":
        follows = _("You cancelled it. Until that day you can take the cancellation back.")
    else:
        follows = _("Its term is over then. Nothing more is charged.")
    return Text(
        subject=_("%(merchant)s: your subscription ends on %(day)s") % words,
        head=_("Your subscription ends soon"),
        paragraphs=(
            _("You have “%(offer)s” with all it opens up to and including %(day)s.") % words,
            follows,
        ),
        notes=ask(matter),
    )


def dunning_reminder(matter: Matter) -> Text:
    """A step of dunning: what is owed, what was tried, what comes next, and the button that settles it."""
    invoice = invoice_of(matter)
    words = {
        "merchant": matter.merchant,
        "number": invoice.number,
        "amount": money_text(invoice.due, invoice.currency, matter),
    }
    suspended = "suspend" in (matter.about.get("actions") or ())
    owed = _("Of invoice %(number)s, %(amount)s is still to pay. We could not take it from your card.")
    follows = _what_next(matter, suspended=suspended)
    if matter.about.get("code") == "no_payment_method":
        owed = _("Of invoice %(number)s, %(amount)s is still to pay. We know no card from which we could take it.")
        follows = (_("Pay with a card in one step: it is kept for what comes next."),)
    return Text(
        subject=(
            _("%(merchant)s: your access is suspended, %(amount)s to pay") % words
            if suspended
            else _("%(merchant)s: %(amount)s is still to pay") % words
        ),
        head=_("Your access is suspended") if suspended else _("Invoice %(number)s is still to pay") % words,
        paragraphs=(
            owed % words,
            *follows,
        ),
        lines=lines_of(invoice, matter),
        act=pay(matter),
        notes=(*safe(matter), *ask(matter)),
    )


def _what_next(matter: Matter, *, suspended: bool) -> tuple[str, ...]:
    if suspended:
        return (_("Your access comes back at once when it is paid."),)
    following = matter.about.get("next_step_at")
    try:
        on = local_date(datetime.fromisoformat(str(following)), matter.zone) if following else None
    except ValueError:
        on = None
    if on is None:
        return (_("Pay with another card in one step: it is kept for what comes next."),)
    words = {"day": day_text(on, matter)}
    return (_("We try your card once more on %(day)s. With another card it is settled now.") % words,)


def _card_words(matter: Matter) -> dict[str, str]:
    last_day = _told_day(matter, "last_day")
    last4 = str(matter.about.get("last4") or "")
    brand = str(matter.about.get("brand") or "").title()
    return {
        "merchant": matter.merchant,
        "last4": last4,
        "card": f"{brand} •••• {last4}".strip(),
        "day": day_text(last_day, matter) if last_day else "",
    }


def _told_day(matter: Matter, name: str) -> date | None:
    try:
        return date.fromisoformat(str(matter.told.get(name)))
    except ValueError:
        return None


def _give_card(matter: Matter) -> tuple[str, str] | None:
    return (_("Give another card"), matter.card_url) if matter.card_url else None


def _safe_card(matter: Matter) -> tuple[str, ...]:
    if not matter.card_url:
        return ()
    days = ngettext(
        "The button works for %(count)s day. It is meant for you alone.",
        "The button works for %(count)s days. It is meant for you alone.",
        60,
    )
    return (days % {"count": number_text(60, matter.locale)},)
