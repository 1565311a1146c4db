"""What the staff can do about an invoice that is owed: send or copy the link that pays it, or have it tried again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing import tasks
from billing.flows import owed
from billing.pages.subjects import invoice_of
from billing.selectors.charging import means_for
from billing.selectors.debts import DebtState, debt_of
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.refusals import Conflict
from merchants.wording import amount_text
from subscribers.selectors.names import method_name


@office_page(permission="take_payments")
def invoice_payment_link(request: OfficeRequest, invoice: str) -> HttpResponse:
    """The dialog with the link; POST has the payer written a letter with it."""
    row = invoice_of(invoice)
    back = request.office.url("invoice", invoice=row.public_id)
    if request.method == "POST":
        try:
            sent = owed.send_link(merchant_id=request.office.merchant.pk, invoice_id=row.pk, actor=request.office.actor)
        except Conflict as refusal:
            messages.warning(request, f"{refusal.say(_)} {refusal.say_way_out(_)}".strip())
        else:
            messages.success(request, _("The payment link is on its way to %(email)s.") % {"email": sent.payer.email})
        return redirect(back)
    debt = debt_of(row.pk)
    context = {
        "debt": debt,
        "invoice": row,
        "who": row.payer.name or row.payer.company or row.payer.reference,
        "title": _("Payment link for %(number)s") % {"number": row.number},
        "email": row.payer.email,
        "link": owed.link(row) if debt is not None and debt.is_payable else "",
        "days": owed.LINK_LASTS.days,
        "action": request.office.url("invoice-payment-link", invoice=row.public_id),
        "back": back,
    }
    if request.headers.get("HX-Request") == "true":
        return office_render(request, "billing/payment_link.html", context)
    return office_render(request, "billing/alone.html", {**context, "dialog": "billing/payment_link.html"})


@office_page(permission="take_payments")
def invoice_try_now(request: OfficeRequest, invoice: str) -> HttpResponse:
    """The dialog that says what would be charged to which card; POST has a worker do it."""
    row = invoice_of(invoice)
    back = request.office.url("invoice", invoice=row.public_id)
    debt = debt_of(row.pk)
    is_owed = debt is not None and debt.state in (DebtState.owed, DebtState.waits_for_bank)
    card = means_for([row]).get(row.pk) if is_owed else None
    if request.method == "POST":
        if card is None or debt is None:
            messages.warning(request, _("There is nothing to charge now. Nothing was done."))
            return redirect(back)
        tasks.try_soon(request.office.merchant.pk, row.pk, request.office.actor.label)
        words = {"sum": amount_text(debt.due, row.currency, get_language() or "en"), "card": method_name(card)}
        messages.success(request, _("%(sum)s is being charged to %(card)s. This page shows the outcome.") % words)
        return redirect(back)
    context = {
        "debt": debt,
        "invoice": row,
        "who": row.payer.name or row.payer.company or row.payer.reference,
        "title": _("Try %(number)s again") % {"number": row.number},
        "card": method_name(card) if card else "",
        "action": request.office.url("invoice-try-now", invoice=row.public_id),
        "back": back,
    }
    if request.headers.get("HX-Request") == "true":
        return office_render(request, "billing/try_now.html", context)
    return office_render(request, "billing/alone.html", {**context, "dialog": "billing/try_now.html"})
