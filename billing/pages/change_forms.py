"""What the dialogs ask that change a subscription: another offer, quantity, an option more or less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.engine.moving import Anchoring
from billing.flows.asks import AddOption, Ask, ChangeOffer, Gift, RemoveOption, SetQuantity
from billing.flows.change import Changing
from billing.flows.purchase import WishedOption
from billing.flows.purchase_coupons import coupon_by_code
from merchants.models import Coupon, Offer, OfferVersion, Option
from merchants.money import QUANTITY_LIMIT

RULED, NOW, PERIOD_END = "", "now", "period_end"


@dataclass(frozen=True, kw_only=True)
class Sold:
    """An option that an offer sells. `held`: how many of it the subscription has."""

    option: Option
    title: str
    note: str = ""
    held: int = 0

    @property
    def name(self) -> str:
        """How the form calls its quantity."""
        return f"option-{self.option.public_id}"


@dataclass(frozen=True, kw_only=True)
class Sellable:
    """An offer, with the version that it sells now."""

    offer: Offer
    newest: OfferVersion


class ChangeForm(forms.Form):
    """When a change counts, and why: kept in the history, shown on the credit note."""

    reason = forms.CharField(
        label=lazy("Reason"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    waits = forms.BooleanField(
        label=lazy("Bill it with the next invoice"),
        help_text=lazy("For what counts now. What is given up is credited today either way."),
        required=False,
    )

    paid_first = forms.BooleanField(
        label=lazy("Only once it is paid"),
        help_text=lazy("You get a link to a payment form. Until it is paid nothing changes."),
        required=False,
    )

    ruled: Any = lazy("As the policy says")
    """How its own answer to when is called; empty where it has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = [(RULED, self.ruled), (NOW, _("Now")), (PERIOD_END, _("At the end of the period"))]
        self.fields["when"] = forms.ChoiceField(
            label=_("When"),
            choices=[way for way in ways if way[1]],
            widget=forms.RadioSelect,
            required=False,
            initial=ways[0][0],
        )

    def ask(self) -> Ask:
        """What is asked for; the form is valid."""
        raise NotImplementedError(type(self).__name__)

    def changing(self, role: str) -> Changing:
        """How it is to count, asked by a member of this role."""
        return Changing(
            when=self.cleaned_data["when"] or None,
            anchor=Anchoring(self.cleaned_data.get("anchor") or Anchoring.restart.value),
            invoice="next" if self.cleaned_data["waits"] else "now",
            reason=self.cleaned_data["reason"],
            role=role,
        )

    def places(self) -> Mapping[str, str]:
        """Where the form shows what a refusal names otherwise."""
        return {"invoice": "waits", "only_if_paid": "paid_first"}


class QuantityForm(ChangeForm):
    """Another quantity."""

    ruled = lazy("More now, less at the end of the period")
    quantity = forms.IntegerField(label=lazy("Quantity"), min_value=1, max_value=QUANTITY_LIMIT)

    def ask(self) -> Ask:
        return SetQuantity(quantity=self.cleaned_data["quantity"])


class OptionForm(ChangeForm):
    """One more option, or another quantity of one that it has."""

    ruled = ""
    quantity = forms.IntegerField(label=lazy("Quantity"), min_value=1, max_value=QUANTITY_LIMIT, initial=1)

    def __init__(self, *args: Any, sold: Sequence[Sold], gives: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if gives:
            self.fields["complimentary"] = forms.BooleanField(
                label=_("Give it free of charge"), help_text=_("With a reason."), required=False
            )
            self.fields["periods"] = forms.IntegerField(
                label=_("For how many periods"),
                help_text=_("For what is given. Empty: for ever."),
                min_value=1,
                max_value=120,
                required=False,
            )
        self.sold = {one.option.public_id: one for one in sold}
        self.fields["option"] = forms.ChoiceField(
            label=_("Option"),
            choices=[(id_, f"{one.title} {one.note}".strip()) for id_, one in self.sold.items()],
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose an option.")},
        )
        self.fields["when"].initial = NOW

    def ask(self) -> Ask:
        option = self.sold[self.cleaned_data["option"]].option
        gift = None
        if self.cleaned_data.get("complimentary"):
            gift = Gift(reason=self.cleaned_data["reason"], periods=self.cleaned_data.get("periods"))
        return AddOption(wished=WishedOption(option=option, quantity=self.cleaned_data["quantity"]), gift=gift)

    def places(self) -> Mapping[str, str]:
        return {**super().places(), "options[0]": "option"}


class WithoutForm(ChangeForm):
    """One option less, of those that it has: pairs of the subscription option's id and title."""

    ruled = ""

    def __init__(self, *args: Any, held: Sequence[tuple[UUID, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["option"] = forms.TypedChoiceField(
            label=_("Option"),
            choices=held,
            coerce=UUID,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose an option.")},
        )
        self.fields["when"].initial = PERIOD_END
        if len(held) == 1:
            self.fields["option"].initial = held[0][0]

    def ask(self) -> Ask:
        return RemoveOption(option_id=self.cleaned_data["option"])


class OfferForm(ChangeForm):
    """Another offer. Options and the renewal day are asked for once it is known which (`with_terms`)."""

    quantity = forms.IntegerField(label=lazy("Quantity"), min_value=1, max_value=QUANTITY_LIMIT)
    coupons = forms.CharField(
        label=lazy("Coupons"),
        help_text=lazy("Codes, in the place of the coupons that it has. Left empty, these stay."),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    terms_of = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, offers: Mapping[str, Sellable], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = offers
        self.sold: tuple[Sold, ...] = ()
        self.keeps = True
        self.fields["offer"] = forms.ChoiceField(
            label=_("New offer"),
            choices=[(id_, id_) for id_ in offers],
            error_messages={"required": _("Choose an offer.")},
        )

    @property
    def chosen(self) -> Offer | None:
        """The offer that was chosen so far."""
        found = self.offers.get(str(self["offer"].value()))
        return found.offer if found else None

    def with_terms(self, sold: Sequence[Sold], *, asks_anchor: bool) -> None:
        """Ask for the options that the chosen offer sells, and where its periods are of another length, what becomes
        of the renewal day. What was given for another offer's options is left aside."""
        self.sold = tuple(sold)
        self.keeps = str(self["terms_of"].value() or "") != str(self["offer"].value())
        for one in self.sold:
            self.fields[one.name] = forms.IntegerField(
                label=one.title,
                help_text=one.note,
                min_value=0,
                max_value=QUANTITY_LIMIT,
                required=False,
                initial=one.held,
            )
        if asks_anchor:
            self.fields["anchor"] = forms.ChoiceField(
                label=_("Renewal day"),
                choices=[
                    (Anchoring.restart.value, _("A new period begins that day")),
                    (Anchoring.keep.value, _("A first part up to the day it has")),
                ],
                widget=forms.RadioSelect,
                required=False,
                initial=Anchoring.restart.value,
            )

    def clean_coupons(self) -> list[Coupon] | None:
        """The coupons of the codes; None where none was given."""
        codes = self.cleaned_data["coupons"].replace(",", " ").split()
        found = [coupon_by_code(code) for code in codes]
        for code, coupon in zip(codes, found, strict=True):
            if coupon is None:
                raise forms.ValidationError(_("We do not know this code.") + f" {code}", code="coupon_unknown")
        return [coupon for coupon in found if coupon is not None] or None

    def ask(self) -> Ask:
        wished = [WishedOption(option=one.option, quantity=many) for one in self.sold if (many := self._many(one))]
        return ChangeOffer(
            offer=self.offers[self.cleaned_data["offer"]].offer,
            options=None if self.keeps else wished,
            quantity=self.cleaned_data["quantity"],
            coupons=self.cleaned_data["coupons"],
        )

    def places(self) -> Mapping[str, str]:
        wished = [one for one in self.sold if self._many(one)]
        given = self.cleaned_data.get("coupons") or ()
        return {
            **super().places(),
            **{f"options[{at}]": one.name for at, one in enumerate(wished)},
            **{f"coupons[{at}]": "coupons" for at in range(len(given))},
        }

    def _many(self, one: Sold) -> int:
        return self.cleaned_data.get(one.name) or 0
