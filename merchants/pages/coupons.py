"""Coupons: listed, made, their limits changed, withdrawn. What a coupon takes off never changes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from merchants import wording
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import Coupon, CouponTarget, Offer, Option
from merchants.money import EXPONENTS
from merchants.now import local_date, local_midnight
from merchants.pages.offer_forms import AmountField, read_amount
from merchants.pages.text_fields import TextField, TextsForm, texts
from merchants.permissions import Permission
from merchants.pitch import money, said
from merchants.selectors.offers import current_versions
from merchants.selectors.options import current_option_versions
from merchants.services.coupons import CouponTerms, create_coupon, update_coupon


class LimitsForm(TextsForm):
    """What may still change of a coupon that exists."""

    title = TextField(label=gettext_lazy("Name"), most=120)
    max_uses = forms.IntegerField(
        label=gettext_lazy("Uses in all"),
        required=False,
        help_text=gettext_lazy("Empty: no limit"),
        widget=forms.TextInput,
    )
    max_uses_per_subscriber = forms.IntegerField(
        label=gettext_lazy("Uses by one subscriber"),
        required=False,
        help_text=gettext_lazy("Empty: no limit"),
        widget=forms.TextInput,
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Empty: no end"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class CouponForm(LimitsForm):
    """A new coupon."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy("What people type; small and capital letters are alike."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )
    takes = forms.ChoiceField(
        label=gettext_lazy("Takes off"),
        choices=[("percent", gettext_lazy("a percentage")), ("amount", gettext_lazy("an amount each period"))],
        widget=forms.RadioSelect,
        initial="percent",
    )
    percent_off = forms.CharField(
        label=gettext_lazy("Percentage"),
        max_length=12,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "is-amount"}),
    )
    amount_off = AmountField(label=gettext_lazy("Amount"), required=False)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(one, one) for one in sorted(EXPONENTS)])
    duration = forms.ChoiceField(
        label=gettext_lazy("Lasts"),
        choices=[
            ("once", gettext_lazy("one paid period")),
            ("repeating", gettext_lazy("so many paid periods")),
            ("forever", gettext_lazy("for ever")),
        ],
    )
    periods = forms.IntegerField(
        label=gettext_lazy("How many periods"), required=False, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    applies = forms.MultipleChoiceField(
        label=gettext_lazy("Only for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: everything."),
    )
    field_order = [
        "code", "title", "takes", "percent_off", "amount_off", "currency", "duration", "periods",
        "applies", "max_uses", "max_uses_per_subscriber", "last_day",
    ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offers = list(Offer.objects.filter(archived_at=None).order_by("reference"))
        options = list(Option.objects.filter(archived_at=None).order_by("reference"))
        offer_titles = current_versions([row.pk for row in offers])
        option_titles = current_option_versions([row.pk for row in options])
        chosen = self.fields["applies"]
        assert isinstance(chosen, forms.MultipleChoiceField)
        self.targets: dict[str, UUID] = {row.public_id: row.pk for row in [*offers, *options]}
        chosen.choices = [
            *((row.public_id, said(offer_titles[row.pk].title, row.reference)) for row in offers),
            *((row.public_id, said(option_titles[row.pk].title, row.reference)) for row in options),
        ]

    def percent(self) -> Decimal | None:
        """The percentage as typed, with a comma or a point."""
        typed = self.cleaned_data["percent_off"].replace(",", ".").replace("%", "").strip()
        try:
            value = Decimal(typed)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.add_error("percent_off", _("Write a number such as 12.5."))
            return None
        return value

    def terms(self, zone: str) -> CouponTerms:
        """What was typed; faults stand beside their fields: ask `is_valid()` again."""
        values, by_amount = self.cleaned_data, self.cleaned_data["takes"] == "amount"
        chosen = values["applies"]
        return CouponTerms(
            code=values["code"],
            title=texts(self, "title"),
            duration=values["duration"],
            percent_off=None if by_amount else self.percent(),
            amount_off=read_amount(self, "amount_off", values["currency"]) if by_amount else None,
            currency=values["currency"] if by_amount else "",
            periods=values["periods"] if values["duration"] == Coupon.Duration.REPEATING else None,
            offers=tuple(self.targets[one] for one in chosen if one.startswith("off_")),
            options=tuple(self.targets[one] for one in chosen if one.startswith("opt_")),
            max_uses=values["max_uses"],
            max_uses_per_subscriber=values["max_uses_per_subscriber"],
            valid_until=first_instant_after(values["last_day"], zone),
        )


def first_instant_after(last_day: date | None, zone: str) -> Any:
    """The end of a last day that one has, as the instant at which the next begins."""
    return None if last_day is None else local_midnight(last_day + timedelta(days=1), zone)


def words_of(coupon: Coupon) -> str:
    """`20% for 3 periods`."""
    language = get_language() or "en"
    if coupon.percent_off is not None:
        off = wording.percent_text(coupon.percent_off, language)
    else:
        off = money(coupon.amount_off or 0, coupon.currency)
    if coupon.duration == Coupon.Duration.FOREVER:
        return _("%(off)s, for ever") % {"off": off}
    count = coupon.periods or 1
    told = ngettext("%(off)s for one period", "%(off)s for %(count)s periods", count)
    return told % {"off": off, "count": count}


NAMES = {"title": "title_en", "valid_until": "last_day", "reference": "code"}


@office_page(permission="see_catalogue")
def coupons(request: OfficeRequest) -> HttpResponse:
    """All coupons, the newest first, withdrawn ones last."""
    rows = sorted(Coupon.objects.filter(is_gesture=False).order_by("-id"), key=lambda row: row.archived_at is not None)
    zone = request.office.merchant.timezone
    context = {
        "rows": [
            {
                "coupon": row,
                "title": said(row.title),
                "words": words_of(row),
                "last_day": local_date(row.valid_until, zone) - timedelta(days=1) if row.valid_until else None,
            }
            for row in rows
        ],
        "may_edit": request.office.may(Permission.edit_catalogue),
        "part": "coupons",
    }
    return office_render(request, "merchants/coupons.html", context)


@office_page(permission="edit_catalogue")
def coupon_new(request: OfficeRequest) -> HttpResponse:
    """Make one."""
    office = request.office
    form = CouponForm(request.POST or None, initial={"currency": office.merchant.currency})
    if form.is_valid():
        terms = form.terms(office.merchant.timezone)
        if form.is_valid():
            with beside(form, NAMES):
                create_coupon(reference=terms.code, terms=terms, actor=office.actor, now=office.now)
        if form.is_valid():
            messages.success(request, _("The code %(code)s works from now on.") % {"code": terms.code})
            return redirect(office.url("offer_coupons"))
    context = {"form": form, "heading": _("New coupon"), "act": _("Create the coupon"), "part": "coupons"}
    return office_render(request, "merchants/catalogue_form.html", context, status=422 if form.is_bound else 200)


@office_page(permission="edit_catalogue")
def coupon_edit(request: OfficeRequest, coupon: str) -> HttpResponse:
    """Change its name and limits."""
    office = request.office
    row = find(Coupon.objects.filter(is_gesture=False), coupon)
    zone = office.merchant.timezone
    begins = {
        **{f"title_{code}": text for code, text in row.title.items()},
        "max_uses": row.max_uses,
        "max_uses_per_subscriber": row.max_uses_per_subscriber,
        "last_day": local_date(row.valid_until, zone) - timedelta(days=1) if row.valid_until else None,
    }
    form = LimitsForm(request.POST or None, initial=begins)
    if form.is_valid():
        with beside(form, NAMES):
            update_coupon(
                row,
                actor=office.actor,
                now=office.now,
                title=texts(form, "title"),
                max_uses=form.cleaned_data["max_uses"],
                max_uses_per_subscriber=form.cleaned_data["max_uses_per_subscriber"],
                valid_until=first_instant_after(form.cleaned_data["last_day"], zone),
            )
        if form.is_valid():
            messages.success(request, _("Saved."))
            return redirect(office.url("offer_coupons"))
    context = {
        "form": form,
        "heading": row.code,
        "note": words_of(row),
        "part": "coupons",
        "act": _("Save"),
        "archived": row.archived_at is not None,
        "archive_url": office.url("offer_coupon_archive", coupon=row.public_id),
        "archive_note": _("The code is refused from now on. Who used it keeps the discount."),
        "targets": CouponTarget.objects.filter(coupon=row).count(),
    }
    return office_render(request, "merchants/catalogue_form.html", context, status=422 if form.is_bound else 200)


@require_POST
@office_page(permission="edit_catalogue")
def coupon_archive(request: OfficeRequest, coupon: str) -> HttpResponse:
    """Withdraw it, or bring it back."""
    row = find(Coupon.objects.filter(is_gesture=False), coupon)
    update_coupon(row, archived=row.archived_at is None, actor=request.office.actor, now=request.office.now)
    return redirect(request.office.url("offer_coupons"))
