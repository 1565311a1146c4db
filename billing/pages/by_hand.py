"""Money that people brought, in the back office: written down on the invoice's page, and taken back where it was
wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.flows.reverse_payment import reverse
from billing.flows.take_payment import take
from billing.pages.subjects import invoice_of
from invoices.models import Invoice, Payment
from invoices.selectors.lists import OWED
from merchants import ids
from merchants.http.frame import OfficeRequest, beside, office_page, office_render, put_beside
from merchants.ids import new_id
from merchants.models import Site
from merchants.refusals import NotFound, Refusal
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from merchants.typed import typed_amount
from merchants.wording import amount_text

MEANS = (
    ("cash", lazy("Cash")),
    ("cheque", lazy("Cheque")),
    ("transfer", lazy("Transfer")),
    ("terminal", lazy("Card at a terminal")),
)


class ByHandForm(forms.Form):
    """What was brought, how and when. `key`: a second click under it writes nothing more."""

    means = forms.ChoiceField(choices=MEANS, initial="cash", widget=forms.RadioSelect, label=lazy("Means"))
    amount = forms.CharField(max_length=20, label=lazy("Amount"), help_text=lazy("What is above goes to the balance."))
    received_on = forms.DateField(label=lazy("Received on"), widget=forms.DateInput(attrs={"type": "date"}))
    site: forms.ModelChoiceField[Site] = forms.ModelChoiceField(
        None, required=False, label=lazy("Site"), empty_label="–"
    )
    note = forms.CharField(required=False, max_length=400, label=lazy("Note"))
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        site = self.fields["site"]
        assert isinstance(site, forms.ModelChoiceField)
        site.queryset = Site.objects.filter(closed_at=None).order_by("name")


class TakeBackForm(forms.Form):
    """Why a payment is taken back."""

    reason = forms.CharField(max_length=400, label=lazy("Reason"), help_text=lazy("The cheque bounced, for example."))


@office_page(permission="take_payments", asks_provider=True)
def invoice_by_hand(request: OfficeRequest, invoice: str) -> HttpResponse:
    """The dialog that records a payment; POST writes it down."""
    office = request.office
    with tenant(office.merchant.pk):
        row = invoice_of(invoice)
        today = now_for(office.merchant, row.test_clock_id).today
        first = {"amount": _plain(row), "received_on": today.isoformat(), "key": str(new_id())}
        form = ByHandForm(request.POST if request.method == "POST" else None, initial=first)
        is_valid = request.method == "POST" and form.is_valid()
    if is_valid:
        kept = form.cleaned_data
        try:
            taken = take(
                merchant_id=office.merchant.pk,
                invoice_id=row.pk,
                means=kept["means"],
                amount=typed_amount(kept["amount"], row.currency, get_language() or "en"),
                received_on=kept["received_on"],
                site=kept["site"],
                note=kept["note"],
                actor=office.actor,
                key=kept["key"],
            )
        except Refusal as refusal:
            if isinstance(refusal, NotFound):
                raise
            put_beside(form, refusal, {})
        else:
            words = {"sum": amount_text(taken.payment.captured, row.currency, get_language() or "en")}
            words["number"] = str(row.number)
            messages.success(request, _("%(sum)s recorded for %(number)s.") % words)
            return redirect(office.url("invoice", invoice=row.public_id))
    with tenant(office.merchant.pk):
        return _show(request, "billing/by_hand.html", row, form, _("Record a payment"), "invoice-by-hand")


@office_page(permission="override_counter")
def payment_take_back(request: OfficeRequest, payment: str) -> HttpResponse:
    """The dialog that takes a recorded payment back; POST does it."""
    office, key = request.office, ids.read("pay", payment)
    row = Payment.objects.select_related("invoice__payer").filter(id=key).first() if key else None
    if row is None or row.invoice is None:
        raise NotFound
    form = TakeBackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with beside(form):
            why = form.cleaned_data["reason"]
            reverse(merchant_id=office.merchant.pk, payment_id=row.pk, reason=why, actor=office.actor)
        if form.is_valid():
            said = _("The payment of %(sum)s is taken back; the invoice is owed again.")
            messages.success(request, said % {"sum": amount_text(row.captured, row.currency, get_language() or "en")})
            return redirect(office.url("invoice", invoice=row.invoice.public_id))
    return _show(
        request, "billing/take_back.html", row.invoice, form, _("Take the payment back"), "payment-take-back", row
    )


def _plain(row: Invoice) -> str:
    """What is due, as one types it."""
    due = row.amount_due if row.status in OWED else 0
    return amount_text(due, row.currency, get_language() or "en").strip() if due else ""


def _show(
    request: OfficeRequest,
    template: str,
    row: Invoice,
    form: forms.Form,
    title: str,
    address: str,
    payment: Payment | None = None,
) -> HttpResponse:
    office, named = request.office, {"payment": payment.public_id} if payment else {"invoice": row.public_id}
    context = {
        "form": form,
        "invoice": row,
        "payment": payment,
        "who": row.payer.name or row.payer.company or row.payer.reference,
        "title": title,
        "action": office.url(address, **named),
        "back": office.url("invoice", invoice=row.public_id),
    }
    status = 422 if form.is_bound else 200
    if request.headers.get("HX-Request") == "true":
        return office_render(request, template, context, status=status)
    return office_render(request, "billing/alone.html", {**context, "dialog": template}, status=status)
