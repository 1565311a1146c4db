"""Dialogs on a subscriber's page that change a subscription: another offer, quantity, an option more or less; and that
take back what is planned. What each would do is shown before it is done, by the same calculation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.engine.wishes import WishKind
from billing.flows import cancel, change, change_paid, schedule
from billing.flows.change_asked import Asked
from billing.pages.change_forms import ChangeForm, OfferForm, OptionForm, QuantityForm, WithoutForm
from billing.pages.change_rows import ended_titles, feature_rows, gift_rows, later_rows, money_rows
from billing.pages.coming import PAID_FIRST, SUSPEND, plan_words, suspension_facts, waiting_facts
from billing.pages.dialogs import show_dialog, title_of, who_of
from billing.pages.sold import held_by, offer_rows, offers_for, sold_with, with_other_periods
from billing.pages.subjects import subscription_of
from billing.readable import readable
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.permissions import Permission
from merchants.refusals import Conflict, Invalid
from merchants.selectors.clocks import now_for
from merchants.wording import amount_text, long_date_text
from subscribers.models import ScheduledChange, Subscription
from subscribers.snapshots import SubscriptionSnapshot

MOST_LATER = 3
"""Charges to come that a dialog tells."""

Given = Mapping[str, Any] | None
FormOf = Callable[[OfficeRequest, Subscription, SubscriptionSnapshot, Given], ChangeForm]


def _quantity_form(
    request: OfficeRequest, row: Subscription, picture: SubscriptionSnapshot, given: Given
) -> ChangeForm:
    return QuantityForm(given, initial={"quantity": row.quantity})


def _option_form(request: OfficeRequest, row: Subscription, picture: SubscriptionSnapshot, given: Given) -> ChangeForm:
    gives = request.office.may(Permission.give_gestures)
    return OptionForm(given, sold=sold_with(row.offer_version, picture), gives=gives)


def _without_form(request: OfficeRequest, row: Subscription, picture: SubscriptionSnapshot, given: Given) -> ChangeForm:
    today = now_for(request.office.merchant, row.test_clock_id).today
    return WithoutForm(given, held=held_by(picture, today))


def _offer_form(request: OfficeRequest, row: Subscription, picture: SubscriptionSnapshot, given: Given) -> ChangeForm:
    offers = offers_for(row)
    form = OfferForm(given, offers=offers, initial={"quantity": row.quantity})
    if form.chosen is not None:
        version = offers[form.chosen.public_id].newest
        form.with_terms(sold_with(version, picture), asks_anchor=with_other_periods(version, picture))
    return form


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_offer(request: OfficeRequest, subscription: str) -> HttpResponse:
    """Another offer, with its options and quantity."""
    return _changing(request, subscription, "subscription-offer", _("Change offer"), _offer_form)


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_quantity(request: OfficeRequest, subscription: str) -> HttpResponse:
    """Another quantity."""
    return _changing(request, subscription, "subscription-quantity", _("Change the quantity"), _quantity_form)


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_option(request: OfficeRequest, subscription: str) -> HttpResponse:
    """One more option."""
    return _changing(request, subscription, "subscription-option", _("Add an option"), _option_form)


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_without(request: OfficeRequest, subscription: str) -> HttpResponse:
    """One option less."""
    return _changing(request, subscription, "subscription-without", _("Remove an option"), _without_form)


def _changing(request: OfficeRequest, shown: str, name: str, heading: str, form_of: FormOf) -> HttpResponse:
    """The dialog with what it would do, again at each change of what is asked; POST does it."""
    row, office = subscription_of(shown), request.office
    picture = snapshots([row], office.merchant)[row.pk]
    if request.method == "POST":
        form = form_of(request, row, picture, request.POST)
        if form.is_valid():
            done = None
            with beside(form, form.places()):
                done = _made(request, row, form)
            if done and form.is_valid():
                messages.success(request, done)
                return redirect(office.url("subscriber", subscriber=row.subscriber.public_id))
        context = _context(request, row, picture, name, heading, form)
        return show_dialog(request, "billing/change.html", row, context, status=422)
    asked = "reason" in request.GET
    form = form_of(request, row, picture, request.GET if asked else None)
    context = _context(request, row, picture, name, heading, form)
    if asked:
        return office_render(request, "billing/change_preview.html", {**context, "is_fragment": True})
    return show_dialog(request, "billing/change.html", row, context)


def _made(request: OfficeRequest, row: Subscription, form: ChangeForm) -> str:
    """Do what the form asks, or have it paid first; what was done. Raises what the flows raise."""
    office = request.office
    ask, changing = form.ask(), form.changing(office.role)
    if not form.cleaned_data.get("paid_first"):
        change.change(
            merchant_id=office.merchant.pk, subscription_id=row.pk, ask=ask, changing=changing, actor=office.actor
        )
        return _done(row)
    asked = Asked(ask=ask, changing=changing, actor=office.actor)
    session = change_paid.open_form(merchant_id=office.merchant.pk, subscription_id=row.pk, asked=asked)
    if session is None:
        return _done(row)
    sum_ = amount_text(session.quote.total, row.currency, get_language() or "en")
    return _("It is made once %(sum)s is paid: send the link that stands under “What comes next”.") % {"sum": sum_}


def _done(row: Subscription) -> str:
    last = ScheduledChange.objects.filter(subscription=row).order_by("-id").first()
    if last is not None and last.status == ScheduledChange.Status.WAITING:
        day = long_date_text(last.due_on, get_language() or "en")
        return _("Planned for %(day)s. Until then it can be taken back.") % {"day": day}
    return _("%(offer)s is changed.") % {"offer": title_of(row)}


def _context(
    request: OfficeRequest, row: Subscription, picture: SubscriptionSnapshot, name: str, heading: str, form: ChangeForm
) -> dict[str, object]:
    """What the dialog says; where it cannot be done, why."""
    office, language = request.office, get_language() or "en"
    now = now_for(office.merchant, row.test_clock_id)
    action = office.url(name, subscription=row.public_id)
    context: dict[str, object] = {
        "subscription": row,
        "title": heading,
        "offer_title": title_of(row),
        "who": who_of(row),
        "action": action,
        "preview_url": action,
        "form": form,
        "kind": name,
        "runs": row.status in cancel.LIVE,
        "today": now.today,
        "currency": row.currency,
    }
    if isinstance(form, OfferForm):
        context |= offer_rows(form, office.merchant, picture, now.today)
    if not form.is_bound:
        return context
    if not form.is_valid():
        return {**context, "problems": [error for errors in form.errors.values() for error in errors]}
    try:
        merchant_id, ask, changing = office.merchant.pk, form.ask(), form.changing(office.role)
        paid_first = None
        if form.cleaned_data.get("paid_first"):
            paid_first = change_paid.foresee(
                merchant_id=merchant_id, subscription_id=row.pk, ask=ask, changing=changing, actor=office.actor
            )
        seen = change.foresee(merchant_id=merchant_id, subscription_id=row.pk, ask=ask, changing=changing)
    except Invalid as refusal:
        said = [error.say(_) for error in refusal.errors] or [refusal.say(_)]
        return {**context, "problems": said}
    except Conflict as refusal:
        return {**context, "problems": [readable(refusal).say(_)], "way_out": refusal.say_way_out(_)}
    later = later_rows(seen.later, row.currency, language)
    return {
        **context,
        "seen": seen,
        "paid_first": paid_first,
        "is_now": seen.when == "now",
        "rows": [*gift_rows(seen, picture, language), *money_rows(seen, row, language)],
        "later": later[:MOST_LATER],
        "ended": ended_titles(seen, language),
        "becomes": feature_rows(picture, seen.after, seen.on, language),
    }


@office_page(permission="see_subscribers", post="change_subscriptions")
def subscription_unplan(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog that takes a plan of one kind back; POST does it."""
    row, office = subscription_of(subscription), request.office
    kind = (request.POST if request.method == "POST" else request.GET).get("kind", "")
    known = kind if kind in {SUSPEND, PAID_FIRST, *(each.value for each in WishKind)} else ""
    if request.method == "POST":
        try:
            if not known:
                raise Conflict(_("Nothing of this kind is planned."), code="nothing_to_undo")
            if known == PAID_FIRST:
                change_paid.let_go(merchant_id=office.merchant.pk, subscription_id=row.pk, actor=office.actor)
            else:
                schedule.undo(merchant_id=office.merchant.pk, subscription_id=row.pk, kind=known, actor=office.actor)
        except Conflict as refusal:
            messages.warning(request, refusal.say(_))
        else:
            messages.success(request, _("Taken back: %(offer)s goes on as before.") % {"offer": title_of(row)})
        return redirect(office.url("subscriber", subscriber=row.subscriber.public_id))
    picture = snapshots([row], office.merchant)[row.pk]
    catalogue, language = catalogue_of([picture]), get_language() or "en"
    wishes = [wish for wish in picture.scheduled if wish.kind == known]
    planned = [
        (wish.effective_on, words) for wish in wishes for words in plan_words(wish, picture, catalogue, language)
    ]
    if known == PAID_FIRST:
        waiting = waiting_facts([row], language, zone=office.merchant.timezone)
        planned = [(fact.on, fact.words) for fact in waiting]
    if known == SUSPEND and not row.suspension_begun:
        planned = [(fact.on, fact.words) for fact in suspension_facts(row, picture, "")]
    context: dict[str, object] = {
        "subscription": row,
        "title": _("Take back what is planned"),
        "who": who_of(row),
        "kind": known,
        "action": office.url("subscription-unplan", subscription=row.public_id),
        "today": now_for(office.merchant, row.test_clock_id).today,
        "planned": planned,
    }
    return show_dialog(request, "billing/unplan.html", row, context)
