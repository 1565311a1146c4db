"""Crediting an invoice: what to take back on the left, what it makes on the right, the sum on the button."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from invoices import credit_formulas
from invoices.models import Invoice
from invoices.pages.documents import invoice_context, the_invoice
from invoices.pages.words import language, means_text, money_text
from invoices.services.balances import balance_of
from invoices.services.credit_plans import Plan, To, Wanted, creditable_lines, plan
from invoices.services.credits import credit_invoice
from merchants.http.frame import Office, OfficeRequest, beside, office_page, office_render
from merchants.languages import said_in
from merchants.money import parse_amount
from merchants.permissions import Permission
from merchants.refusals import Refusal
from merchants.selectors.clocks import now_for
from merchants.wording import percent_text, period_text

WHAT = (
    ("all", gettext_lazy("All that is left")),
    ("lines", gettext_lazy("Some lines")),
    ("amount", gettext_lazy("An amount")),
)


class CreditForm(forms.Form):
    """How much, why, and where the money goes."""

    what = forms.ChoiceField(choices=WHAT, initial="all", widget=forms.RadioSelect, label=gettext_lazy("How much"))
    lines = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    amount = forms.CharField(required=False, max_length=20, label=gettext_lazy("Amount"))
    to = forms.ChoiceField(widget=forms.RadioSelect, label=gettext_lazy("Where the money goes"))
    reason = forms.CharField(
        max_length=400,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It stands on the credit note."),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    """What was left when the dialog was shown: a second click, or a colleague's credit note, is noticed."""

    def __init__(self, *args: Any, invoice: Invoice, may_refund: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.invoice = invoice
        lines, creditable = creditable_lines(invoice)
        reader = language()
        self.lefts = [
            (str(at), said_in(line.title, reader), kept.left)
            for at, (line, kept) in enumerate(zip(lines, creditable, strict=True))
            if kept.left
        ]
        self.left = sum(left for _at, _title, left in self.lefts)
        lines_field, to_field = self.fields["lines"], self.fields["to"]
        assert isinstance(lines_field, forms.ChoiceField) and isinstance(to_field, forms.ChoiceField)
        lines_field.choices = [(at, title) for at, title, _left in self.lefts]
        where = [("balance", _("To the balance: it pays the next invoices"))]
        if may_refund and invoice.amount_paid:
            where.append(("refund", _("Back to the means of payment")))
        to_field.choices, to_field.initial = where, "balance"
        self.offered = frozenset(key for key, _words in where)

    def wanted(self) -> Wanted:
        """What the fields ask for. Raises Invalid for an amount that cannot be read."""
        what = self.data.get("what") or "all"
        if what == "lines":
            chosen = set(self.data.getlist("lines") if hasattr(self.data, "getlist") else self.data.get("lines", ()))
            return Wanted(lines={int(at): None for at, _title, _left in self.lefts if at in chosen})
        if what == "amount":
            typed = str(self.data.get("amount", "")).strip().replace("\N{NO-BREAK SPACE}", "").replace(",", ".")
            return Wanted(amount=parse_amount(typed, self.invoice.currency))
        return Wanted()

    @property
    def to_where(self) -> To:
        """Where the rest goes; what is not offered is the balance."""
        return "refund" if self.data.get("to") == "refund" and "refund" in self.offered else "balance"


@office_page(permission="edit_documents")
def credit(request: OfficeRequest, invoice: str) -> HttpResponse:
    """GET: the dialog (alone where htmx asks, else on the invoice's page). POST: the credit note."""
    row, office = the_invoice(invoice), request.office
    if request.method == "POST":
        if request.POST.get("to") == "refund" and not office.may(Permission.refund):
            raise PermissionDenied
        form = _form(request, row, request.POST)
        if form.is_valid():
            with beside(form):
                now = now_for(office.merchant, row.test_clock_id)
                note = credit_invoice(
                    row.pk,
                    form.wanted(),
                    reason=form.cleaned_data["reason"],
                    to=form.to_where,
                    seen=form.cleaned_data["seen"],
                    actor=office.actor,
                    now=now,
                )
        if form.is_valid():
            said = _("Credit note %(number)s of %(total)s was issued.")
            said %= {"number": note.number, "total": money_text(note.gross, note.currency)}
            messages.success(request, said)
            return redirect(office.url("invoice", invoice=row.public_id))
        return _page(request, row, form, status=422)
    form = _form(request, row, request.GET if request.GET else None)
    if request.headers.get("HX-Request") == "true":
        return office_render(request, "invoices/credit.html", _dialog(office, row, form))
    return _page(request, row, form, status=200)


@require_safe
@office_page(permission="edit_documents")
def credit_preview(request: OfficeRequest, invoice: str) -> HttpResponse:
    """The right half: lines, VAT, where the money goes, what changes; and the button with the sum."""
    row = the_invoice(invoice)
    form = _form(request, row, request.GET)
    return office_render(request, "invoices/credit_preview.html", {**_preview(row, form), "swaps": True})


def _form(request: OfficeRequest, row: Invoice, sent: Any) -> CreditForm:
    return CreditForm(sent, invoice=row, may_refund=request.office.may(Permission.refund))


def _page(request: OfficeRequest, row: Invoice, form: CreditForm, *, status: int) -> HttpResponse:
    context = {**invoice_context(request, row), **_dialog(request.office, row, form), "with_dialog": True}
    return office_render(request, "invoices/invoice.html", context, status=status)


def _dialog(office: Office, row: Invoice, form: CreditForm) -> dict[str, Any]:
    return {
        "invoice": row,
        "form": form,
        "chosen": {"what": form.data.get("what") or "all", "to": form.to_where},
        "picked": form.data.getlist("lines") if hasattr(form.data, "getlist") else [],
        "lefts": form.lefts,
        "dialog_id": "credit",
        "action": office.url("invoice-credit", invoice=row.public_id),
        "preview_url": office.url("invoice-credit-preview", invoice=row.public_id),
        **_preview(row, form),
    }


def _preview(row: Invoice, form: CreditForm) -> dict[str, Any]:
    """What the credit note would be, or why there would be none."""
    try:
        planned = plan(row, form.wanted(), to=form.to_where)
    except Refusal as refusal:
        return {"invoice": row, "problem": refusal.say(_), "act": _("Credit"), "planned": None}
    held = balance_of(row.payer_id, row.currency)
    return {
        "invoice": row,
        "problem": "",
        "planned": planned,
        "rows": _rows(row, planned),
        "went": _went(row, planned),
        "becomes": _becomes(row, planned),
        "held": money_text(held, row.currency),
        "will_hold": money_text(held + planned.to_balance, row.currency),
        "act": _("Credit %(sum)s") % {"sum": money_text(planned.credit.gross, row.currency)},
    }


def _becomes(row: Invoice, planned: Plan) -> str:
    """The status that the invoice would have, or its own."""
    if planned.cancels:
        return Invoice.Status.CANCELLED
    settles = planned.to_invoice and planned.to_invoice == row.amount_due
    return Invoice.Status.PAID if settles else row.status


def _rows(row: Invoice, planned: Plan) -> list[dict[str, Any]]:
    """The credit note's lines and VAT for `components/ledger.html`: what is taken back is below zero."""
    reader = language()
    rows: list[dict[str, Any]] = []
    for each in planned.credit.lines:
        line = planned.lines[each.at]
        start, end = line.period_start, line.period_end
        rows.append(
            {
                "label": said_in(line.title, reader),
                "note": period_text(start, end, reader) if start and end else "",
                "formula": credit_formulas.say(each.rule, each.inputs, amount=each.amount, language=reader),
                "amount": -each.amount,
            }
        )
    exclusive = row.tax_behavior == "exclusive"
    vats = [
        (percent_text(tax.percent, reader), money_text(tax.tax, row.currency), tax.tax) for tax in planned.credit.taxes
    ]
    if exclusive:
        rows += [{"label": _("VAT %(rate)s") % {"rate": rate}, "amount": -vat} for rate, _said, vat in vats]
    included = ", ".join(_("VAT %(rate)s %(vat)s") % {"rate": rate, "vat": said} for rate, said, _vat in vats)
    note = "" if exclusive else _("of which %(vat)s") % {"vat": included}
    rows.append({"label": _("Credit note"), "note": note, "amount": -planned.credit.gross, "kind": "total"})
    return rows


def _went(row: Invoice, planned: Plan) -> list[dict[str, Any]]:
    """Where its total would go."""
    went: list[dict[str, Any]] = []
    if planned.to_invoice:
        words = _("Settles what is owed on %(number)s") % {"number": row.number}
        went.append({"label": words, "amount": planned.to_invoice})
    if planned.to_balance:
        went.append({"label": _("To the balance"), "amount": planned.to_balance})
    for back in planned.refunds:
        means = means_text(back.payment)
        words = _("Back to %(means)s") % {"means": means} if means else _("Back to the means of payment")
        went.append({"label": words, "amount": back.amount})
    return went
