"""The forms of the offer editor: one for the offer, one a stage. From terms to fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from merchants.early_end import EarlyEnd
from merchants.http.frame import put_beside
from merchants.models import Feature, Option
from merchants.money import EXPONENTS
from merchants.pages.text_fields import TextField, TextsForm, texts
from merchants.pages.usage_cells import UsageCells
from merchants.refusals import Invalid
from merchants.terms import ListedOption, OfferTerms, StageTerm
from merchants.typed import shown_amount, typed_amount

UNITS = [("day", _("days")), ("week", _("weeks")), ("month", _("months")), ("year", _("years"))]


class AmountField(forms.CharField):
    """Money as people type it. It is read once the currency is known (`read_amount`)."""

    def __init__(self, **options: Any) -> None:
        attrs = {"inputmode": "decimal", "class": "is-amount", "autocomplete": "off"}
        super().__init__(max_length=40, widget=forms.TextInput(attrs=attrs), **options)


def read_amount(form: forms.Form, name: str, currency: str) -> int:
    """The minor units of an amount field, 0 where it is empty; what is wrong stands beside the field."""
    typed = form.cleaned_data.get(name) or ""
    if not typed or currency not in EXPONENTS:
        return 0
    try:
        return typed_amount(typed, currency, get_language() or "en")
    except Invalid as refusal:
        put_beside(form, refusal, {"amount": name})
        return 0


class OfferForm(TextsForm):
    """What belongs to the whole offer."""

    reference = forms.CharField(
        label=_("Reference"),
        max_length=120,
        help_text=_("Your site names the offer by it. It stays."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    title = TextField(label=_("Name"), most=120)
    description = TextField(label=_("In a sentence"), most=400)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(code, code) for code in sorted(EXPONENTS)])
    tax_behavior = forms.ChoiceField(
        label=_("Prices are"),
        choices=[("inclusive", _("with VAT")), ("exclusive", _("without VAT"))],
        initial="inclusive",
    )
    tax_code = forms.ChoiceField(label=_("VAT of"), initial="electronic")
    alignment = forms.ChoiceField(
        label=_("Periods begin"),
        choices=[("anniversary", _("at the purchase")), ("calendar", _("on a fixed day"))],
        initial="anniversary",
    )
    billing_day = forms.IntegerField(
        label=_("Fixed day"), required=False, help_text=_("1 to 31; empty: the 1st"), widget=forms.TextInput
    )
    setup = AmountField(label=_("Fee at the start"), required=False)
    commitment_intervals = forms.IntegerField(
        label=_("Commitment"), required=False, help_text=_("How many periods; empty: none"), widget=forms.TextInput
    )
    notice_days = forms.IntegerField(
        label=_("Notice"), required=False, help_text=_("Days or months before its end"), widget=forms.TextInput
    )
    notice_unit = forms.ChoiceField(
        label=_("Notice in"), required=False, choices=[("day", _("days")), ("month", _("months"))], initial="day"
    )
    early_formula = forms.ChoiceField(
        label=_("Leaving early"),
        required=False,
        choices=[
            ("", _("not possible")),
            ("flat", _("an amount")),
            ("remaining", _("a share of what is left")),
            ("degressive", _("an amount that melts")),
        ],
        help_text=_("Before the commitment is over; never more than what is left"),
    )
    early_amount = AmountField(label=_("Amount of the fee"), required=False)
    early_percent = forms.DecimalField(
        label=_("Share, %"), required=False, max_digits=6, decimal_places=3, localize=True, widget=forms.TextInput
    )
    early_later_from = forms.IntegerField(
        label=_("Another share after"), required=False, help_text=_("So many periods"), widget=forms.TextInput
    )
    early_later_percent = forms.DecimalField(
        label=_("That share, %"), required=False, max_digits=6, decimal_places=3, localize=True, widget=forms.TextInput
    )

    def __init__(
        self, *args: Any, options: Sequence[Option], tax_codes: Sequence[str], is_new: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["reference"]
        chosen = self.fields["tax_code"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(code, code) for code in tax_codes]
        self.offered = {option.pk: f"option_{option.public_id}" for option in options}
        for option in options:
            self.fields[self.offered[option.pk]] = forms.ChoiceField(
                label=option.reference,
                required=False,
                choices=[("", _("not with this offer")), ("offered", _("may be added")), ("included", _("included"))],
            )

    def listed(self) -> tuple[ListedOption, ...]:
        """The options that go with the offer, in the order of the page."""
        chosen = {key: self.cleaned_data.get(name) or "" for key, name in self.offered.items()}
        return tuple(ListedOption(option=key, included=how == "included") for key, how in chosen.items() if how)


class StageForm(UsageCells):
    """One stage: its name, price, rhythm, length, what it opens, and what use costs."""

    label = TextField(label=_("Name"), most=120)
    price = AmountField(label=_("Price"))
    billing = forms.ChoiceField(
        label=_("Billed"),
        choices=[("advance", _("In advance")), ("arrears", _("Afterwards"))],
        initial="advance",
    )
    interval_count = forms.IntegerField(
        label=_("Every"), initial=1, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    interval = forms.ChoiceField(label=_("Unit"), choices=UNITS, initial="month")
    recurrences = forms.IntegerField(
        label=_("How many times"),
        required=False,
        help_text=_("Empty: without end"),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def term(self, currency: str) -> StageTerm:
        """The stage as typed; call after `is_valid()`. Faults of the price and of features stand beside them."""
        return StageTerm(
            label=texts(self, "label"),
            amount=read_amount(self, "price", currency),
            billing=self.cleaned_data.get("billing") or "advance",
            interval=self.cleaned_data.get("interval") or "month",
            interval_count=number_or(self.cleaned_data.get("interval_count"), 1),
            recurrences=self.cleaned_data.get("recurrences"),
            features=self.opened(),
            usage=self.usage(currency) if currency in EXPONENTS else (),
        )


def number_or(value: int | None, otherwise: int = 0) -> int:
    """What was typed, or what an empty field means."""
    return otherwise if value is None else value


def offer_values(terms: OfferTerms, form_options: Mapping[UUID, str]) -> dict[str, Any]:
    """The terms as the offer form shows them."""
    language = get_language() or "en"
    return {
        **{f"title_{code}": text for code, text in terms.title.items()},
        **{f"description_{code}": text for code, text in terms.description.items()},
        "currency": terms.currency,
        "tax_behavior": terms.tax_behavior,
        "tax_code": terms.tax_code,
        "alignment": terms.alignment,
        "billing_day": terms.billing_day,
        "setup": shown_amount(terms.setup_amount, terms.currency, language) if terms.setup_amount else "",
        "commitment_intervals": terms.commitment_intervals or None,
        "notice_days": terms.notice_months or terms.notice_days or None,
        "notice_unit": "month" if terms.notice_months else "day",
        **_early_values(terms, language),
        **{
            form_options[listed.option]: "included" if listed.included else "offered"
            for listed in terms.options
            if listed.option in form_options
        },
    }


def _early_values(terms: OfferTerms, language: str) -> dict[str, Any]:
    fee = terms.early_end
    if fee is None:
        return {}
    return {
        "early_formula": fee.formula,
        "early_amount": "" if fee.amount is None else shown_amount(fee.amount, terms.currency, language),
        "early_percent": fee.percent,
        "early_later_from": fee.later_from,
        "early_later_percent": fee.later_percent,
    }


def early_end_of(form: OfferForm, currency: str) -> EarlyEnd | None:
    """What leaving early costs, as typed: only what the chosen formula uses is read."""
    values, formula = form.cleaned_data, form.cleaned_data.get("early_formula")
    if not formula:
        return None
    if formula != "remaining":
        typed = bool(values.get("early_amount"))
        return EarlyEnd(formula=formula, amount=read_amount(form, "early_amount", currency) if typed else None)
    return EarlyEnd(
        formula=formula,
        percent=values.get("early_percent"),
        later_from=values.get("early_later_from"),
        later_percent=values.get("early_later_percent"),
    )


def stage_values(
    stage: StageTerm, currency: str, features: Sequence[Feature], metered: Sequence[Feature]
) -> dict[str, Any]:
    """A stage as its form shows it."""
    return {
        **{f"label_{code}": text for code, text in stage.label.items()},
        "price": shown_amount(stage.amount, currency, get_language() or "en"),
        "billing": stage.billing,
        "interval_count": stage.interval_count,
        "interval": stage.interval,
        "recurrences": stage.recurrences,
        **UsageCells.values_of(stage.features, features),
        **UsageCells.usage_values(stage.usage, metered, currency),
    }
