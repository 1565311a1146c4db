"""What is given, as a form: for one subscription, and for all whom an incident touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.flows.gifts import MOST_PERIODS
from billing.flows.give import NAMED, Giving
from billing.flows.move_renewal import MOST
from billing.selectors.touched import Population
from merchants.ids import new_id
from merchants.languages import said_in
from merchants.models import Offer, Option, Site
from merchants.money import QUANTITY_LIMIT
from merchants.pitch import money, rhythm
from merchants.refusals import Invalid
from merchants.typed import typed_amount
from subscribers.models import Gesture
from subscribers.periods import Interval
from subscribers.selectors.pictures import WantedOption, newest_option_versions, option_pictures

KINDS: Sequence[tuple[str, Promise, Promise]] = (
    (Gesture.Kind.OPTION, lazy("An option"), lazy("Free of charge, shown at 0 on the invoices to come.")),
    (Gesture.Kind.DAYS, lazy("Days"), lazy("The next renewal comes later.")),
    (Gesture.Kind.PERCENT, lazy("A percentage off"), lazy("Off the next invoices of a period.")),
    (Gesture.Kind.AMOUNT, lazy("An amount"), lazy("To the balance, which pays what is due next.")),
)


def options_to_give(currency: str, interval: Interval | None = None) -> list[tuple[str, Option, str]]:
    """The options that are sold in a currency: public id, the option, its title with its price for such periods."""
    rows = {str(one.pk): one for one in Option.objects.filter(archived_at=None).order_by("reference")[:500]}
    newest = newest_option_versions([one.pk for one in rows.values()])
    found = []
    for picture in option_pictures([WantedOption(id=new_id(), version_id=id_) for id_ in newest.values()]):
        option = rows[picture.option_id]
        title = said_in(picture.title, get_language() or "en") or option.reference
        price = picture.price(interval) if interval is not None else None
        if price is not None and interval is not None:
            often = _("once") if picture.is_one_off else rhythm(interval.unit.value, interval.count)
            title = f"{title} ({money(price, currency)} {often})"
        found.append((option.public_id, option, title))
    return sorted(found, key=lambda one: one[2].casefold())


def _day(label: Any, help_text: Any = "", *, required: bool = False) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, required=required, widget=widget)


class GiveForm(forms.Form):
    """What is given and why; which fields count depends on the kind."""

    kind = forms.ChoiceField(
        label=lazy("What"),
        choices=[(value, words) for value, words, _about in KINDS],
        widget=forms.RadioSelect,
        error_messages={"required": lazy("Choose what is given.")},
    )
    option = forms.ChoiceField(label=lazy("Option"), required=False)
    quantity = forms.IntegerField(
        label=lazy("Quantity"), min_value=1, max_value=QUANTITY_LIMIT, initial=1, required=False
    )
    days = forms.IntegerField(label=lazy("Days"), min_value=1, max_value=MOST.days, required=False)
    percent_off = forms.DecimalField(
        label=lazy("Percent"), min_value=Decimal("0.001"), max_value=100, decimal_places=3, required=False
    )
    amount = forms.CharField(label=lazy("Amount"), max_length=20, required=False)
    periods = forms.IntegerField(
        label=lazy("For how many periods"),
        help_text=lazy("Empty: an option for ever, a percentage once."),
        min_value=1,
        max_value=MOST_PERIODS,
        required=False,
    )
    last_day = _day(lazy("Until, included"), lazy("Instead of a number of periods."))
    reason = forms.CharField(
        label=lazy("Reason"),
        help_text=lazy("It stands in the history; of an option, on the invoice too."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": lazy("Say why it is given.")},
    )
    incident = forms.CharField(
        label=lazy("Incident"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, options: Sequence[tuple[str, Option, str]], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.options = {id_: option for id_, option, _title in options}
        choices = [("", _("Choose an option")), *((id_, title) for id_, _option, title in options)]
        self.fields["option"] = forms.ChoiceField(label=_("Option"), choices=choices, required=False)
        for name in ("option", "quantity", "days", "percent_off", "amount"):
            self.fields[name].needed = True  # type: ignore[attr-defined] # what the field tag asks for

    def clean_amount(self) -> int | None:
        """The amount as it is typed, in minor units."""
        typed = self.cleaned_data.get("amount")
        if not typed:
            return None
        try:
            return typed_amount(typed, self.currency, get_language() or "en")
        except Invalid as refusal:
            raise forms.ValidationError(" ".join(error.say(_) for error in refusal.errors)) from refusal

    def kinds(self) -> list[dict[str, Any]]:
        """The kinds to choose from, with what each does."""
        chosen = self["kind"].value()
        return [
            {"value": value, "words": words, "about": about, "checked": value == chosen}
            for value, words, about in KINDS
        ]

    def giving(self) -> Giving:
        """What is asked for: of the fields, those that its kind knows."""
        given = self.cleaned_data
        last: date | None = given["last_day"]
        found: dict[str, Any] = {
            "option": self.options.get(given["option"]),
            "days": given["days"],
            "percent_off": given["percent_off"],
            "amount": given["amount"],
            "periods": given["periods"],
            "until": last + timedelta(days=1) if last else None,
        }
        own = {name: value for name, value in found.items() if name in NAMED[given["kind"]]}
        if given["kind"] == Gesture.Kind.OPTION:
            own["quantity"] = given["quantity"] or 1
        return Giving(kind=given["kind"], reason=given["reason"], incident=given["incident"], **own)

    def places(self) -> Mapping[str, str]:
        """Where each part of a refusal stands."""
        return {"until": "last_day", "population.from": "from_on", "population.until": "to_on"}


class GiveToManyForm(GiveForm):
    """The same, with whom the incident touched."""

    from_on = _day(lazy("First day of the incident"), required=True)
    to_on = _day(lazy("Last day of the incident"), required=True)

    def __init__(self, *args: Any, sites: Sequence[Site], offers: Sequence[tuple[Offer, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.named = {str(row.pk): row.pk for row in (*sites, *(offer for offer, _title in offers))}
        for name, label, choices in (
            ("sites", _("Sites"), [(str(row.pk), row.name) for row in sites]),
            ("offers", _("Offers"), [(str(row.pk), title) for row, title in offers]),
        ):
            self.fields[name] = forms.MultipleChoiceField(
                label=label,
                choices=choices,
                help_text=_("None chosen: all of them."),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )
            if not choices:
                del self.fields[name]

    def population(self) -> Population:
        """Whom it is for."""
        given = self.cleaned_data
        return Population(
            from_on=given["from_on"],
            until_on=given["to_on"] + timedelta(days=1),
            sites=tuple(self.named[id_] for id_ in given.get("sites", ())),
            offers=tuple(self.named[id_] for id_ in given.get("offers", ())),
        )
