"""What is handed over at the till: the receipt of a payment, each print of it rung up, and the membership card."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.counter.enrol_form import person_of
from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render
from billing.counter.qr import qr_of
from billing.counter.till import clerk_of
from billing.flows import send_receipt
from invoices.models import Payment, RegisterEntry
from invoices.selectors.receipts import receipt_of
from invoices.services import register, tills
from merchants import ids
from merchants.permissions import Permission
from merchants.refusals import Conflict, NotFound
from subscribers.models import MemberCard
from subscribers.services import visiting


@counter_page()
def receipt(request: CounterRequest, payment: str) -> HttpResponse:
    """The receipt of a payment of this site; POST prints it, which is an entry of the till's register."""
    counter = request.counter
    row = _payment(counter, payment)
    found = receipt_of(row, counter.merchant, get_language() or "en")
    if found is None:
        raise NotFound
    if request.method == "POST":
        _ring_up(counter, row)
        return redirect(f"{reverse('counter:receipt', args=[row.public_id])}?print=now")
    context = {"receipt": found, "prints_now": request.GET.get("print") == "now"}
    return counter_render(request, "counter/receipt.html", context)


@counter_page(permission=Permission.sell)
@require_POST
def receipt_letter(request: CounterRequest, payment: str) -> HttpResponse:
    """Send the receipt to who paid."""
    row = _payment(request.counter, payment)
    try:
        sent = send_receipt.send(
            merchant_id=request.counter.merchant.pk, payment_id=row.pk, actor=request.counter.actor
        )
        messages.success(request, _("The receipt is on its way to %(email)s.") % {"email": sent.payer.email})
    except Conflict as refusal:
        messages.error(request, " ".join(filter(None, [refusal.say(_), refusal.say_way_out(_)])))
    return redirect("counter:receipt", row.public_id)


@counter_page(permission=Permission.sell)
def member_card(request: CounterRequest, person: str) -> HttpResponse:
    """The card as it is scanned at the door, to be photographed or printed; POST makes one for who has none."""
    who = person_of(request.counter, person)
    if who is None:
        raise NotFound
    if request.method == "POST":
        visiting.card_of(who, now=request.counter.now)
        return redirect("counter:member_card", who.public_id)
    card = visiting.known_card(who)
    context: dict[str, Any] = {"who": who, "card": card}
    if card is not None:
        context["code"] = " ".join(card.code[at : at + 4] for at in range(0, len(card.code), 4))
        context["qr"] = qr_of(card.code)
    return counter_render(request, "counter/member_card.html", context)


@counter_page(permission=Permission.sell)
@require_POST
def member_card_lost(request: CounterRequest, person: str) -> HttpResponse:
    """A new card: the lost one opens nothing from now on."""
    who = person_of(request.counter, person)
    if who is None:
        raise NotFound
    key = ids.read("crd", request.POST.get("card", ""))
    lost = MemberCard.objects.filter(subscriber=who, pk=key).first() if key else None
    if lost is not None:
        visiting.replace_card(who, lost, actor=request.counter.actor, now=request.counter.now)
    return redirect("counter:member_card", who.public_id)


def _payment(counter: Counter, shown: str) -> Payment:
    key = ids.read("pay", shown)
    rows = Payment.objects.select_related("invoice", "payer").filter(site=counter.site)
    found: Payment | None = rows.filter(id=key).first() if key else None
    if found is None:
        raise NotFound
    return found


def _ring_up(counter: Counter, payment: Payment) -> None:
    """A print is an entry of the till that rang the payment up, or of the one beside this tablet; it moves nothing."""
    rung = RegisterEntry.objects.filter(payment=payment, kind=RegisterEntry.Kind.RECEIVED).first()
    till = tills.till_at(counter.device)
    till_id = rung.till_id if rung is not None else till.pk if till is not None else None
    if till_id is None:
        return
    locked = register.lock(till_id)
    before = RegisterEntry.objects.filter(payment=payment, kind=RegisterEntry.Kind.RECEIPT_PRINTED).count()
    register.enter(
        locked,
        RegisterEntry.Kind.RECEIPT_PRINTED,
        clerk=clerk_of(counter),
        now=counter.now,
        payment=payment,
        more={"payment": payment.public_id, "prints": before + 1},
    )
