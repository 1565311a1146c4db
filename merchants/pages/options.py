"""Options: extras on a subscription. Listed, made, given a new version, withdrawn."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import Feature, Option
from merchants.money import EXPONENTS
from merchants.pages.feature_cells import FeatureCells
from merchants.pages.offer_forms import UNITS, AmountField, read_amount
from merchants.pages.text_fields import TextField, texts
from merchants.permissions import Permission
from merchants.pitch import money, rhythm, said
from merchants.selectors.options import current_option_versions, terms_of
from merchants.services.catalogue.options import create_option, revise_option, update_option
from merchants.terms import MOST_PRICES, OptionTerms, PriceTerm
from merchants.typed import shown_amount

PRICES = 4
"""Lines for prices per interval that the form shows at least; as many more as the option has."""


class OptionForm(FeatureCells):
    """An option: what it costs, once or per interval, and what it opens."""

    reference = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=120,
        help_text=gettext_lazy("Your site names the option by it. It stays."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    title = TextField(label=gettext_lazy("Name"), most=120)
    description = TextField(label=gettext_lazy("In a sentence"), most=400)
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=[(code, code) for code in sorted(EXPONENTS)])
    paid = forms.ChoiceField(
        label=gettext_lazy("Paid"),
        choices=[("again", gettext_lazy("each period, as long as it is kept")), ("once", gettext_lazy("once"))],
        widget=forms.RadioSelect,
        initial="again",
    )
    once = AmountField(label=gettext_lazy("Price, paid once"), required=False)
    adds = forms.BooleanField(
        label=gettext_lazy("Its quotas add to the offer’s"),
        required=False,
        help_text=gettext_lazy("Otherwise the larger of the two counts."),
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["reference"]
            self.fields["currency"].disabled = True
        told = {**(self.initial or {}), **(self.data or {})}
        self.lines = max([PRICES, *(place + 1 for place in range(MOST_PRICES) if f"price_{place}" in told)])
        for place in range(self.lines):
            self.fields[f"price_{place}"] = AmountField(label=gettext_lazy("Price"), required=False)
            self.fields[f"count_{place}"] = forms.IntegerField(
                label=gettext_lazy("Every"), required=False, min_value=1, initial=1, widget=forms.TextInput
            )
            self.fields[f"unit_{place}"] = forms.ChoiceField(
                label=gettext_lazy("Unit"), choices=UNITS, initial="year" if place else "month"
            )

    def price_rows(self) -> list[list[forms.BoundField]]:
        """Price, count and unit of each line."""
        return [[self[f"{name}_{place}"] for name in ("price", "count", "unit")] for place in range(self.lines)]

    def terms(self) -> OptionTerms:
        """What was typed; faults stand beside their fields: ask `is_valid()` again."""
        values, currency = self.cleaned_data, self.cleaned_data["currency"]
        again = values["paid"] == "again"
        prices = []
        for place in range(self.lines) if again else ():
            if not values.get(f"price_{place}"):
                continue
            prices.append(
                PriceTerm(
                    interval=values[f"unit_{place}"],
                    interval_count=values.get(f"count_{place}") or 1,
                    amount=read_amount(self, f"price_{place}", currency),
                )
            )
        if not again and not values.get("once"):
            self.add_error("once", _("Say what it costs."))
        return OptionTerms(
            title=texts(self, "title"),
            description=texts(self, "description"),
            currency=currency,
            one_off_amount=None if again else read_amount(self, "once", currency),
            adds=values["adds"],
            prices=tuple(prices),
            features=self.opened(),
        )


def values_of(terms: OptionTerms, features: list[Feature]) -> dict[str, Any]:
    """The terms as the form shows them."""
    language = get_language() or "en"
    values: dict[str, Any] = {
        **{f"title_{code}": text for code, text in terms.title.items()},
        **{f"description_{code}": text for code, text in terms.description.items()},
        "currency": terms.currency,
        "paid": "again" if terms.one_off_amount is None else "once",
        "once": "" if terms.one_off_amount is None else shown_amount(terms.one_off_amount, terms.currency, language),
        "adds": terms.adds,
        **FeatureCells.values_of(terms.features, features),
    }
    for place, price in enumerate(terms.prices):
        values[f"price_{place}"] = shown_amount(price.amount, terms.currency, language)
        values[f"count_{place}"] = price.interval_count
        values[f"unit_{place}"] = price.interval
    return values


NAMES = (
    {"title": "title_en", "amount": "once", "prices": "price_0"}
    | {
        f"prices[{place}].{part}": f"{name}_{place}"
        for place in range(MOST_PRICES)
        for part, name in (("amount", "price"), ("interval", "unit"), ("interval_count", "count"))
    }
    | {f"prices[{place}]": f"price_{place}" for place in range(MOST_PRICES)}
)


@office_page(permission="see_catalogue")
def options(request: OfficeRequest) -> HttpResponse:
    """All options, those on sale first."""
    rows = sorted(Option.objects.order_by("reference"), key=lambda row: row.archived_at is not None)
    versions = current_option_versions([row.pk for row in rows])
    terms = terms_of(versions.values())
    shown = []
    for row in rows:
        version = versions[row.pk]
        said_terms = terms[version.pk]
        prices = [
            f"{money(one.amount, version.currency)} {rhythm(one.interval, one.interval_count)}"
            for one in said_terms.prices
        ]
        if said_terms.one_off_amount is not None:
            prices = [_("%(price)s, once") % {"price": money(said_terms.one_off_amount, version.currency)}]
        shown.append(
            {"option": row, "title": said(version.title, row.reference), "prices": prices, "number": version.number}
        )
    context = {"rows": shown, "may_edit": request.office.may(Permission.edit_catalogue), "part": "options"}
    return office_render(request, "merchants/options.html", context)


def _features(terms: OptionTerms | None) -> list[Feature]:
    kept = {term.feature for term in terms.features} if terms else set()
    rows = Feature.objects.exclude(kind=Feature.Kind.METERED).order_by("id")
    return [row for row in rows if row.archived_at is None or row.pk in kept]


@office_page(permission="edit_catalogue")
def option_new(request: OfficeRequest) -> HttpResponse:
    """Make one."""
    currency = request.office.merchant.currency
    form = OptionForm(request.POST or None, features=_features(None), is_new=True, initial={"currency": currency})
    if form.is_valid():
        terms = form.terms()
        if form.is_valid():
            with beside(form, NAMES):
                create_option(
                    reference=form.cleaned_data["reference"],
                    terms=terms,
                    actor=request.office.actor,
                    now=request.office.now,
                )
        if form.is_valid():
            messages.success(request, _("The option is there: list it in an offer to sell it."))
            return redirect(request.office.url("offer_options"))
    context = {"form": form, "heading": _("New option"), "act": _("Create the option"), "part": "options"}
    return office_render(request, "merchants/option_form.html", context, status=422 if form.is_bound else 200)


@office_page(permission="see_catalogue", post="edit_catalogue")
def option(request: OfficeRequest, option: str) -> HttpResponse:
    """One option as it is sold now; POST makes its next version."""
    row = find(Option.objects.all(), option)
    version = current_option_versions([row.pk])[row.pk]
    terms = terms_of([version])[version.pk]
    features = _features(terms)
    form = OptionForm(request.POST or None, features=features, is_new=False, initial=values_of(terms, features))
    if form.is_valid():
        typed = form.terms()
        if form.is_valid():
            with beside(form, NAMES):
                made = revise_option(row, terms=typed, actor=request.office.actor, now=request.office.now)
        if form.is_valid():
            told = _("Version %(number)s is on sale. Who has an earlier one keeps it.") % {"number": made.number}
            messages.success(request, told)
            return redirect(request.office.url("offer_options"))
    context = {
        "form": form,
        "option": row,
        "heading": said(version.title, row.reference),
        "number": version.number,
        "act": _("Put version %(number)s on sale") % {"number": version.number + 1},
        "part": "options",
        "archived": row.archived_at is not None,
        "archive_url": request.office.url("offer_option_archive", option=row.public_id),
        "archive_note": _("Nobody can add it any more. Who has it keeps it."),
        "may_edit": request.office.may(Permission.edit_catalogue),
    }
    return office_render(request, "merchants/option_form.html", context, status=422 if form.is_bound else 200)


@require_POST
@office_page(permission="edit_catalogue")
def option_archive(request: OfficeRequest, option: str) -> HttpResponse:
    """Withdraw it, or bring it back."""
    row = find(Option.objects.all(), option)
    update_option(row, archived=row.archived_at is None, actor=request.office.actor, now=request.office.now)
    return redirect(request.office.url("offer_options"))
