"""A gesture at the counter, within what the merchant lets the role give: days, an amount, an option for one period."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from billing.counter.enrol_form import person_of
from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render
from billing.flows import give as giving_flow
from billing.flows.give import Giving
from billing.readable import readable
from billing.selectors.at_counter import option_cards
from merchants import ids
from merchants.gesture_limits import limit_for, limits_of
from merchants.languages import said_in
from merchants.models import Option
from merchants.permissions import Permission
from merchants.refusals import Invalid, NotFound, Refusal, gettext_noop
from merchants.typed import typed_amount
from merchants.wording import amount_text
from subscribers.models import Gesture, Subscription
from subscribers.selectors.rights import live_subscriptions

KINDS = (Gesture.Kind.DAYS, Gesture.Kind.AMOUNT, Gesture.Kind.OPTION)


@counter_page(permission=Permission.give_at_counter)
def give(request: CounterRequest, person: str) -> HttpResponse:
    """The form for the running subscription of somebody; POST gives, once more than the limit lets is refused."""
    counter = request.counter
    who = person_of(counter, person)
    if who is None:
        raise NotFound
    rows = live_subscriptions(who.pk)
    row = _chosen(rows, request.POST.get("subscription", ""))
    errors: dict[str, str] = {}
    refused = ""
    if request.method == "POST" and row is not None:
        try:
            gesture = giving_flow.give(
                merchant_id=counter.merchant.pk,
                subscription_id=row.pk,
                giving=_giving(request.POST, row),
                role=counter.role,
                actor=counter.actor,
            )
        except Invalid as refusal:
            errors = {one.field: one.say(_) for one in readable(refusal).errors}
        except Refusal as refusal:
            refused = " ".join(filter(None, [readable(refusal).say(_), refusal.say_way_out(_)]))
        else:
            messages.success(request, _("Given: %(what)s.") % {"what": _words(gesture)})
            return redirect("counter:door_person", who.public_id)
    context: dict[str, Any] = {
        "who": who,
        "rows": [(one.public_id, said_in(one.offer_version.title, get_language() or "en")) for one in rows],
        "row": row,
        "options": option_cards(row.offer_version) if row is not None else [],
        "sent": request.POST,
        "errors": errors,
        "refused": refused,
        "most": _most(counter),
        "currency": counter.merchant.currency,
    }
    return counter_render(request, "counter/give.html", context, status=422 if errors or refused else 200)


def _chosen(rows: list[Subscription], shown: str) -> Subscription | None:
    key = ids.read("sub", shown) if shown else None
    return next((one for one in rows if key is None or one.pk == key), None)


def _giving(sent: QueryDict, row: Subscription) -> Giving:
    """What was typed. Raises Invalid naming the field."""
    kind, reason = sent.get("kind", ""), sent.get("reason", "").strip()
    if kind not in KINDS:
        raise Invalid.at("kind", "invalid_choice", gettext_noop("Choose what is given."))
    if kind == Gesture.Kind.DAYS:
        days = sent.get("days", "")
        if not (days.isascii() and days.isdigit() and 0 < int(days[:4]) < 1000):
            raise Invalid.at("days", "not_a_number", gettext_noop("How many days, such as 7."))
        return Giving(kind=kind, reason=reason, days=int(days[:4]))
    if kind == Gesture.Kind.AMOUNT:
        amount = typed_amount(sent.get("amount", ""), row.currency, get_language() or "en")
        return Giving(kind=kind, reason=reason, amount=amount)
    key = ids.read("opt", sent.get("option", ""))
    option = Option.objects.filter(id=key).first() if key else None
    if option is None:
        raise Invalid.at("option", "required", gettext_noop("Choose the option."))
    return Giving(kind=kind, reason=reason, option=option, periods=1)


def _most(counter: Counter) -> int | None:
    """The largest single gesture of this role, in minor units; None: as it likes."""
    return limit_for(limits_of(counter.merchant.gesture_limits), counter.role).one


def _words(gesture: Gesture) -> str:
    if gesture.kind == Gesture.Kind.DAYS and gesture.days:
        return ngettext("%(n)s day", "%(n)s days", gesture.days) % {"n": gesture.days}
    if gesture.kind == Gesture.Kind.AMOUNT and gesture.amount:
        return amount_text(gesture.amount, gesture.currency, get_language() or "en")
    return _("an option")
