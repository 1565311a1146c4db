"""May they come in? Found by name, telephone or card; a big yes or no, why, and what is left; let in once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.counter.door_words import left_words, why_words
from billing.counter.enrol_form import person_of
from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render
from billing.counter.till import clerk_of
from billing.flows.take_payment import take
from billing.selectors.debts import unpaid
from invoices.models import Invoice, Payment
from invoices.services import tills
from merchants import ids
from merchants.ids import new_id
from merchants.languages import said_in
from merchants.models import Membership
from merchants.now import Now
from merchants.permissions import Permission, may
from merchants.refusals import Invalid, NotFound, Refusal
from merchants.selectors.clocks import now_for
from merchants.services import pins
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Visit
from subscribers.selectors.known import known_people
from subscribers.selectors.people import rows_of, visible
from subscribers.selectors.rights import live_subscriptions
from subscribers.services import visiting
from subscribers.services.visiting import Asked, Door

MOST_DRAWN = 24
"""More sessions than these are said, not drawn."""


@counter_page()
@require_GET
def door(request: CounterRequest) -> HttpResponse:
    """The search. A scanner types a card's code and Enter: straight to the answer."""
    query, elsewhere = request.GET.get("q", "").strip()[:160], ""
    if query:
        person = visiting.by_card(query)
        if person is not None and _is_ours(request.counter, person):
            return redirect("counter:door_person", person.public_id)
        elsewhere = person.site.name if person is not None and person.site else ""
    context = {"query": query, "rows": _found(request.counter, query), "elsewhere": elsewhere}
    return counter_render(request, "counter/door.html", context)


@counter_page()
@require_GET
def door_people(request: CounterRequest) -> HttpResponse:
    """Who is meant, while it is typed."""
    query = request.GET.get("q", "").strip()[:160]
    return counter_render(request, "counter/door_people.html", {"rows": _found(request.counter, query)})


@counter_page()
@require_GET
def door_person(request: CounterRequest, person: str) -> HttpResponse:
    """The answer."""
    return _show(request, _person(request.counter, person))


@counter_page()
@require_POST
def door_in(request: CounterRequest, person: str) -> HttpResponse:
    """Let in, once for this scan."""
    counter, who = request.counter, _person(request.counter, person)
    key = _key(request)
    if key is None:
        return redirect("counter:door_person", who.public_id)
    now = _now(counter, who)
    visit = visiting.let_in(who, key=key, door=_door(counter), merchant=counter.merchant, now=now)
    return redirect(f"{reverse('counter:door_person', args=[who.public_id])}?visit={visit.public_id}")


@counter_page()
@require_POST
def door_override(request: CounterRequest, person: str) -> HttpResponse:
    """Let in in spite of a no: with the PIN of somebody who may, and a reason."""
    counter, who = request.counter, _person(request.counter, person)
    boss = pins.prove(
        ids.read("mem", request.POST.get("member", "")), request.POST.get("pin", ""), site_id=counter.site.pk
    )
    if isinstance(boss, Refusal):
        return _show(request, who, errors={error.field: error.say(_) for error in boss.errors})
    if not may(boss.role, Permission.override_counter):
        return _show(request, who, errors={"pin": _("This person may not let in in spite of a no.")})
    try:
        visit = visiting.let_in(
            who,
            key=_key(request) or new_id(),
            door=_door(counter),
            merchant=counter.merchant,
            now=_now(counter, who),
            reason=request.POST.get("reason", ""),
            allowed_by=boss,
        )
    except Invalid as refusal:
        return _show(request, who, errors={error.field: error.say(_) for error in refusal.errors})
    return redirect(f"{reverse('counter:door_person', args=[who.public_id])}?visit={visit.public_id}")


@counter_page()
@require_POST
def door_undo(request: CounterRequest, visit: str) -> HttpResponse:
    """Take a visit back, its session with it."""
    key = ids.read("vis", visit)
    row = Visit.objects.select_related("subscriber").filter(id=key, site=request.counter.site).first() if key else None
    if row is None:
        raise NotFound
    visiting.undo(row, actor=request.counter.actor, now=_now(request.counter, row.subscriber))
    messages.success(request, _("The visit was taken back."))
    return redirect("counter:door_person", row.subscriber.public_id)


@counter_page(permission=Permission.take_payments, asks_provider=True)
@require_POST
def door_pay(request: CounterRequest, person: str) -> HttpResponse:
    """Take what is overdue, then the answer anew. The sum is the one that was read."""
    counter = request.counter
    with tenant(counter.merchant.pk):
        who = _person(counter, person)
        key = ids.read("inv", request.POST.get("invoice", ""))
        payer_id = who.payer_id or who.pk
        invoice = Invoice.objects.filter(id=key, payer_id=payer_id).first() if key else None
        tills.need_session(counter.device)
        if invoice is None:
            raise NotFound
        sent = _key(request)
        taken = sent is not None and Payment.objects.filter(id=sent, invoice=invoice).exists()
    if not taken and str(invoice.amount_due) != request.POST.get("seen", ""):
        messages.warning(request, _("The sum has changed since it was shown. Look at it again, then take it."))
        return redirect("counter:door_person", who.public_id)
    if not taken:
        take(
            merchant_id=counter.merchant.pk,
            invoice_id=invoice.pk,
            means=request.POST.get("means", ""),
            amount=invoice.amount_due,
            actor=counter.actor,
            site=counter.site,
            key=sent,
            clerk=clerk_of(counter),
        )
    messages.success(request, _("Paid: invoice %(number)s.") % {"number": invoice.number})
    return redirect("counter:door_person", who.public_id)


def _found(counter: Counter, query: str) -> list[Any]:
    if len(query) < 3:
        return []
    digits = "".join(sign for sign in query if sign.isdigit())
    phone = query if len(digits) >= 5 else ""
    found = known_people(
        name="" if phone else query,
        phone=phone,
        email=query if "@" in query else "",
        site_id=None if counter.merchant.shares_members else counter.site.pk,
    )
    return rows_of(found)


def _is_ours(counter: Counter, person: Subscriber) -> bool:
    return counter.merchant.shares_members or person.site_id in (None, counter.site.pk)


def _person(counter: Counter, shown: str) -> Subscriber:
    found = person_of(counter, shown) or _without_a_site(shown)
    if found is None:
        raise NotFound
    return found


def _without_a_site(shown: str) -> Subscriber | None:
    """Somebody who was enrolled at no site: every door serves them."""
    key = ids.read("cus", shown)
    return visible().filter(id=key, erased_at=None, site=None).first() if key else None


def _door(counter: Counter) -> Door:
    return Door(site=counter.site, device=counter.device, member=counter.membership, actor=counter.actor)


def _key(request: CounterRequest) -> UUID | None:
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _show(request: CounterRequest, who: Subscriber, *, errors: dict[str, str] | None = None) -> HttpResponse:
    counter = request.counter
    now = _now(counter, who)
    asked = visiting.ask(who, site_id=counter.site.pk, merchant=counter.merchant, now=now)
    key = ids.read("vis", request.GET.get("visit", ""))
    visit = Visit.objects.filter(id=key, subscriber=who, undone_at=None).first() if key else None
    last, since = asked.last, now.at - asked.last.at if asked.last else None
    if visit is None and since is not None and since < visiting.SAME_SCAN:
        visit = last  # scanned again: they are in
    may_undo = (
        since is not None and since < visiting.UNDO_WITHIN and last is not None and last.site_id == counter.site.pk
    )
    rows = live_subscriptions(who.pk)
    language = get_language() or "en"
    owed = _owed(who, now, all_of_them=not asked.answer.yes)
    context = {
        "who": who,
        "first_name": who.name.split(" ")[0] if who.name else "",
        "yes": visit is not None or asked.answer.yes,
        "answer": asked.answer,
        "why": why_words(asked, now),
        "left_words": left_words(asked, now),
        "offer": said_in(rows[0].offer_version.title, language) if rows else "",
        "visit": visit,
        "undoable": last if may_undo and visit is None else None,
        "bars": _bars(asked),
        "key": new_id(),
        "owed": owed[0] if owed else None,
        "may_give": bool(rows) and counter.may(Permission.give_at_counter) and _is_ours(counter, who),
        "managers": _managers(counter) if not asked.answer.yes else [],
        "errors": errors or {},
        "left_after": asked.answer.left - 1 if asked.answer.left else None,
    }
    return counter_render(request, "counter/door_person.html", context, status=422 if errors else 200)


def _now(counter: Counter, who: Subscriber) -> Now:
    """What time it is for whoever stands at the door: somebody on a test clock lives by it."""
    return now_for(counter.merchant, who.test_clock_id) if who.test_clock_id else counter.now


def _owed(who: Subscriber, now: Now, *, all_of_them: bool) -> list[Invoice]:
    """What is overdue, or (where the door says no) what is owed at all; not what money is on its way for."""
    debts = unpaid(who.payer_id or who.pk)
    return [one for one in debts if all_of_them or (one.due_on is not None and one.due_on < now.today)]


def _managers(counter: Counter) -> list[tuple[str, str]]:
    staff: list[Membership] = list(pins.staff_of(counter.site.pk))
    return [
        (one.public_id, one.user.name or one.user.email) for one in staff if may(one.role, Permission.override_counter)
    ]


def _bars(asked: Asked) -> list[tuple[int, bool]]:
    """The period's sessions as a row of boxes: those that are left first."""
    quota, left = asked.answer.quota, asked.answer.left
    if not quota or left is None or quota > MOST_DRAWN:
        return []
    return [(1 + 46 * at, at < left) for at in range(quota)]
