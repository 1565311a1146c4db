"""A coupon on a subscription and off it again: two dialogs on a subscriber's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from billing.flows import cancel, coupons
from billing.flows.purchase_coupons import coupon_by_code
from billing.pages.change_rows import later_rows
from billing.pages.dialogs import show_dialog, title_of, who_of
from billing.pages.subjects import subscription_of
from billing.readable import readable
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.models import Coupon
from merchants.refusals import Conflict, Invalid
from merchants.selectors.clocks import now_for
from subscribers.models import Subscription, SubscriptionCoupon

MOST_LATER = 4


class CouponForm(forms.Form):
    """Which coupon, and why."""

    coupon: Any
    reason = forms.CharField(
        label=lazy("Reason"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    field_order = ("coupon", "reason")


class AddForm(CouponForm):
    """A code as people type it."""

    coupon = forms.CharField(
        label=lazy("Code"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off"}),
    )

    def clean_coupon(self) -> Coupon:
        """The coupon of that code."""
        found = coupon_by_code(self.cleaned_data["coupon"])
        if found is None or found.is_gesture:
            raise forms.ValidationError(_("We do not know this code."))
        return found


class RemoveForm(CouponForm):
    """One of those that it has and that were not given."""

    coupon = forms.ChoiceField(label=lazy("Coupon"))

    def __init__(self, *args: Any, row: Subscription, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        uses = SubscriptionCoupon.objects.filter(subscription=row, ended_at=None, coupon__is_gesture=False)
        rows = uses.select_related("coupon").order_by("position", "id")
        self.held: dict[str, Coupon] = {use.coupon.code: use.coupon for use in rows}
        choice = self.fields["coupon"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(code, code) for code in self.held]

    def clean_coupon(self) -> Coupon:
        """The coupon of that code."""
        return self.held[self.cleaned_data["coupon"]]


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_coupon(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog that adds one; POST does it."""
    row = subscription_of(subscription)
    return _dialog(request, row, "subscription-coupon", lambda given: AddForm(given), adds=True)


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_without_coupon(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog that takes one off; POST does it."""
    row = subscription_of(subscription)
    return _dialog(request, row, "subscription-without-coupon", lambda given: RemoveForm(given, row=row), adds=False)


def _dialog(
    request: OfficeRequest,
    row: Subscription,
    name: str,
    form_of: Callable[[Mapping[str, Any] | None], CouponForm],
    *,
    adds: bool,
) -> HttpResponse:
    office = request.office
    action = office.url(name, subscription=row.public_id)
    context: dict[str, object] = {
        "title": title_of(row),
        "who": who_of(row),
        "action": action,
        "preview_url": action,
        "adds": adds,
        "runs": row.status in (*cancel.LIVE, Subscription.Status.SCHEDULED),
        "today": now_for(office.merchant, row.test_clock_id).today,
        "currency": row.currency,
    }
    if request.method == "POST":
        form = form_of(request.POST)
        if form.is_valid():
            done = None
            asked = {"coupon": form.cleaned_data["coupon"], "reason": form.cleaned_data["reason"]}
            with beside(form):
                try:
                    act = coupons.add if adds else coupons.remove
                    done = act(merchant_id=office.merchant.pk, subscription_id=row.pk, actor=office.actor, **asked)
                except Conflict as refusal:
                    raise readable(refusal) from refusal
            if done is not None and form.is_valid():
                said = _("Coupon %(code)s added.") if adds else _("Coupon %(code)s taken off.")
                messages.success(request, said % {"code": asked["coupon"].code})
                return redirect(office.url("subscriber", subscriber=row.subscriber.public_id))
        return show_dialog(request, "billing/coupon.html", row, {**context, "form": form}, status=422)
    asked_for = "coupon" in request.GET
    form = form_of(request.GET if asked_for else None)
    context |= {"form": form}
    if asked_for:
        context |= _foreseen(request, row, form, adds=adds)
        return office_render(request, "billing/coupon_preview.html", context)
    return show_dialog(request, "billing/coupon.html", row, context)


def _foreseen(request: OfficeRequest, row: Subscription, form: CouponForm, *, adds: bool) -> dict[str, object]:
    """The charges ahead as they are and as they would be; where it cannot be done, why."""
    if not form.is_valid():
        return {"problems": [error for errors in form.errors.values() for error in errors]}
    merchant, language = request.office.merchant, get_language() or "en"
    foresee = coupons.foresee_added if adds else coupons.foresee_removed
    try:
        seen = foresee(row, form.cleaned_data["coupon"], merchant=merchant, now=now_for(merchant, row.test_clock_id))
    except Invalid as refusal:
        return {"problems": [error.say(_) for error in refusal.errors]}
    except Conflict as refusal:
        return {"problems": [readable(refusal).say(_)], "way_out": refusal.say_way_out(_)}
    return {
        "seen": seen,
        "same": seen.before == seen.after,
        "later": later_rows(seen.after, row.currency, language)[:MOST_LATER],
        "instead": later_rows(seen.before, row.currency, language)[:MOST_LATER],
    }
