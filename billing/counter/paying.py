"""A sum paid by card at the counter, live: by QR code on the subscriber's own phone, or at a reader beside the tablet.

One fragment (`counter/pay_part.html`) for a purchase that waits for its payment and for an open invoice. It asks every
two seconds, and the provider is asked each time something is open there; once nothing waits any more the page around
it is loaded anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.counter.frame import Counter, CounterRequest, counter_page, counter_render
from billing.counter.paying_words import why_not
from billing.counter.qr import qr_of
from billing.flows import at_terminal, change_purchase, checkout, looking, outcome, owed, owed_closing
from billing.flows import readers as machines
from billing.flows.pay import ProviderSilent
from billing.gateways.readers import NOT_SHOWN
from billing.models import CheckoutSession, ReaderPayment
from billing.selectors.debts import Debt, debt_of
from invoices.models import Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from merchants import ids
from merchants.canonical import digest
from merchants.permissions import Permission
from merchants.refusals import Conflict, NotFound, Refusal
from merchants.tenancy.scope import tenant


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What is to be paid: a purchase (`session`) or an invoice (`debt`)."""

    id: str
    amount: int
    currency: str
    waits: bool
    link: str
    session: CheckoutSession | None = None
    debt: Debt | None = None

    @property
    def ids(self) -> dict[str, UUID]:
        """As the flows name it."""
        if self.session is not None:
            return {"session_id": self.session.pk}
        assert self.debt is not None
        return {"invoice_id": self.debt.invoice.pk}


@counter_page(asks_provider=True)
@require_GET
def pay(request: CounterRequest, thing: str) -> HttpResponse:
    """The page of a sum that is to be paid at this counter."""
    _look(request.counter, thing)
    with tenant(request.counter.merchant.pk):
        found = _found(request.counter, thing)
        context = {**told(found, request.counter), "who": _who(found), "what": _what(found)}
        return counter_render(request, "counter/pay.html", context)


@counter_page(asks_provider=True)
@require_GET
def live(request: CounterRequest, thing: str) -> HttpResponse:
    """The part that changes by itself, asked for every two seconds."""
    said = _look(request.counter, thing)
    answer = _part(request, thing, said)
    same = f'data-was="{request.GET.get("was", "-")}"'.encode() in answer.content
    return HttpResponse(status=204) if same else answer  # what a finger is just touching stays under it


@counter_page(permission=Permission.sell, asks_provider=True)
@require_POST
def at_reader(request: CounterRequest, thing: str) -> HttpResponse:
    """Ask for it at a reader of this site."""
    counter, said = request.counter, ""
    with tenant(counter.merchant.pk):
        found = _found(counter, thing)
        here = {one.public_id: one.pk for one in machines.at_site(counter.site.pk)}
    reader_id = here.get(request.POST.get("reader", ""))
    seen = request.POST.get("seen", "")
    try:
        if reader_id is None:
            raise machines.ReaderMissing
        at_terminal.start(
            merchant_id=counter.merchant.pk,
            reader_id=reader_id,
            seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else -1,
            actor=counter.actor,
            **found.ids,
        )
    except Conflict as refusal:
        said = _say(refusal)
    return _part(request, thing, said)


@counter_page(permission=Permission.sell, asks_provider=True)
@require_POST
def give_up(request: CounterRequest, thing: str) -> HttpResponse:
    """Take it off the reader, or close the form that is open on the phone: at the provider, confirmed so."""
    counter, said = request.counter, ""
    merchant_id = counter.merchant.pk
    with tenant(merchant_id):
        found = _found(counter, thing)
        row = _at_reader(found)
    try:
        if row is not None:
            at_terminal.cancel(merchant_id=merchant_id, payment_id=row.payment_id)
        elif found.session is not None:
            change_purchase.close_page(merchant_id=merchant_id, session_id=found.session.pk)
        elif found.debt is not None and found.debt.page is not None:
            owed_closing.close(merchant_id=merchant_id, payment=found.debt.page)
    except Conflict as refusal:
        said = _say(refusal)
    return _part(request, thing, said)


@counter_page(permission=Permission.sell)
@require_POST
def letter(request: CounterRequest, thing: str) -> HttpResponse:
    """Have the payer of an invoice written a letter with the link."""
    found = _found(request.counter, thing)
    if found.debt is None:
        raise NotFound
    try:
        invoice_id = found.debt.invoice.pk
        sent = owed.send_link(
            merchant_id=request.counter.merchant.pk, invoice_id=invoice_id, actor=request.counter.actor
        )
        said = _("The payment link is on its way to %(email)s.") % {"email": sent.payer.email}
    except Conflict as refusal:
        said = _say(refusal)
    return _part(request, thing, said)


def told(found: Thing, counter: Counter, *, said: str = "", asked_for: str = "") -> dict[str, Any]:
    """What the fragment says. `asked_for` is the means that was chosen when it was enrolled: `reader` asks the site's
    only reader by itself, once. Needs the tenant's scope."""
    tried = _payments(found)
    last, row = (tried[0] if tried else None), _at_reader(found)
    here = machines.at_site(counter.site.pk)
    on_phone = any(one.hosted and one.status == Payment.Status.PENDING and one.provider_session for one in tried)
    payment = row.payment if row else None
    refused = why_not(last.code) if found.waits and last is not None else ""
    in_doubt = payment is not None and (not payment.provider_ref or payment.code == NOT_SHOWN)
    stands = [found.waits, found.amount, str(row.pk) if row else "", in_doubt, on_phone, refused, said]
    return {
        "was": digest([*stands, *(one.public_id for one in here)])[:16],
        "thing": found,
        "waits": found.waits,
        "at_reader": row.reader if row else None,
        "in_doubt": in_doubt,
        "played": machines.played_at(row.reader) if row and row.reader.account.kind == "simulated" else "",
        "readers": here if found.waits and found.amount else [],
        "auto_reader": here[0] if asked_for == "reader" and len(here) == 1 and not tried and found.amount else None,
        "prefers_reader": asked_for == "reader" or _was_at_reader(last),
        "on_phone": on_phone,
        "refused": refused,
        "said": said,
        "qr": qr_of(found.link) if found.waits and row is None else "",
        "email": found.debt.invoice.payer.email if found.debt else "",
    }


def of_session(session: CheckoutSession) -> Thing:
    """A purchase as something to be paid."""
    return Thing(
        id=session.public_id,
        amount=session.quote.total,
        currency=session.quote.currency,
        waits=session.status == CheckoutSession.Status.OPEN,
        link=checkout.form_url(session),
        session=session,
    )


def _found(counter: Counter, shown: str) -> Thing:
    """What is meant, of this site (or of any where the merchant shares its members). Raises NotFound."""
    key = ids.read("cs", shown)
    if key is not None:
        rows = CheckoutSession.objects.select_related("quote", "subscription__subscriber")
        session = rows.filter(id=key, subscription__sold_at=counter.site).first()
        if session is not None:
            return of_session(session)
    key = ids.read("inv", shown)
    debt = debt_of(key) if key is not None else None
    if debt is None or not (counter.merchant.shares_members or _is_of(debt.invoice, counter)):
        raise NotFound
    return Thing(
        id=debt.invoice.public_id,
        amount=debt.due,
        currency=debt.invoice.currency,
        waits=debt.state in ("owed", "waits_for_bank", "under_way"),
        link=owed.link(debt.invoice),
        debt=debt,
    )


def _is_of(invoice: Invoice, counter: Counter) -> bool:
    sold = invoice.subscription.managed_at_id if invoice.subscription else None
    return counter.site.pk in (invoice.payer.site_id, invoice.site_id, sold)


def _payments(found: Thing) -> list[Payment]:
    """The newest first."""
    return list(Payment.objects.filter(**found.ids).order_by("-id")[:5])


def _at_reader(found: Thing) -> ReaderPayment | None:
    """The payment of it that is at a reader now."""
    mine = {f"payment__{name}": value for name, value in found.ids.items()}
    rows = ReaderPayment.objects.filter(payment__status__in=IN_FLIGHT, **mine)
    return rows.select_related("reader__account", "payment").first()


def _was_at_reader(payment: Payment | None) -> bool:
    return payment is not None and ReaderPayment.objects.filter(payment=payment).exists()


def _look(counter: Counter, shown: str) -> str:
    """Ask the provider about whatever is open for it, and record what it says. Words where it does not answer."""
    merchant_id = counter.merchant.pk
    with tenant(merchant_id):
        found = _found(counter, shown)
        row = _at_reader(found) if found.waits else None
        going = outcome.under_way(found.session) if found.session is not None and row is None else None
    try:
        if row is not None:
            at_terminal.look(merchant_id=merchant_id, payment_id=row.payment_id)
        elif going is not None and found.session is not None:
            looking.look(merchant_id=merchant_id, session_id=found.session.pk)
        elif found.debt is not None and found.waits:
            owed.look(merchant_id=merchant_id, invoice_id=found.debt.invoice.pk)
    except ProviderSilent as refusal:
        return _say(refusal)
    return ""


def _part(request: CounterRequest, shown: str, said: str = "") -> HttpResponse:
    """The fragment as it stands now; the whole page anew once nothing waits any more."""
    if not request.headers.get("HX-Request"):
        return _without_script(request, shown, said)
    with tenant(request.counter.merchant.pk):
        found = _found(request.counter, shown)
        answer = counter_render(request, "counter/pay_part.html", told(found, request.counter, said=said))
    if not found.waits:
        answer["HX-Refresh"] = "true"
    return answer


def _without_script(request: HttpRequest, shown: str, said: str) -> HttpResponse:
    if said:
        messages.warning(request, said)
    return redirect("counter:pay", thing=shown)


def _who(found: Thing) -> str:
    if found.session is not None:
        return str(found.session.subscription.subscriber.name)
    assert found.debt is not None
    payer = found.debt.invoice.payer
    return str(payer.name or payer.company or payer.reference)


def _what(found: Thing) -> str:
    return found.debt.invoice.number or "" if found.debt else ""


def _say(refusal: Refusal) -> str:
    return " ".join(part for part in (refusal.say(_), refusal.say_way_out(_)) if part)
