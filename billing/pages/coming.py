"""What comes next for a subscriber, as a fragment of their page: each charge ahead, and each end that is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.engine.quoting import Later, coming
from billing.engine.wishes import Catalogue, WishKind
from billing.flows.change_paid import waiting_of
from billing.flows.checkout import form_url
from billing.pages.subjects import subscriber_of
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from billing.selectors.usage_so_far import SoFar, usage_so_far
from billing.selectors.withdrawable import contracts
from billing.wording import later_words
from invoices.calculations import say
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.ids import show
from merchants.languages import said_in
from merchants.now import local_date
from merchants.permissions import Permission
from merchants.selectors.clocks import now_for
from merchants.wording import decimal_words
from subscribers.lifecycle import LIVE
from subscribers.models import Subscription
from subscribers.snapshots import Scheduled, SubscriptionSnapshot

SUSPEND = "suspend"
"""How a planned suspension is called among the kinds of plans."""
PAID_FIRST = "paid_first"
"""How a change that waits for its payment is called there."""
MOST = 8
"""Charges that are told of one subscription: further away is guessing."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One dated fact to come. `amount` in minor units, None where nothing is charged. `undo_url`: the dialog that takes
    a plan back; `link`: the payment form of what waits for its payment."""

    on: date
    words: str
    amount: int | None
    currency: str
    undo_url: str = ""
    link: str = ""


@office_page(permission="see_subscribers")
def subscriber_coming(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """Dated facts to come, earliest first. A purchase not yet paid for has none."""
    row = subscriber_of(subscriber)
    rows = list(
        Subscription.objects.filter(subscriber=row, status__in=[status.value for status in LIVE])
        .select_related("offer_version")
        .order_by("id")
    )
    pictures = snapshots(rows, request.office.merchant)
    catalogue = catalogue_of(pictures.values())
    language = get_language() or "en"
    several = len(rows) > 1
    facts = [fact for one in rows for fact in facts_of(one, pictures[one.pk], catalogue, language, several=several)]
    facts += waiting_facts(rows, language, zone=request.office.merchant.timezone)
    if not request.office.may(Permission.change_subscriptions):
        facts = [replace(fact, undo_url="", link="") for fact in facts]
    now = now_for(request.office.merchant, row.test_clock_id)
    today, known = now.today, contracts(rows, now.zone)
    for one in rows:
        if known[one.pk].open_to_withdraw(request.office.merchant, today):
            title = said_in(one.offer_version.title, language)
            facts.append(_last_day(one, known[one.pk].last_day, title if several else ""))
    used = usage_so_far(pictures, today)
    context = {
        "used": [had for one in rows for had in used_of(one, used.get(one.pk, ()), language, several=several)],
        "facts": sorted(facts, key=lambda fact: fact.on),
        "today": today,
    }
    return office_render(request, "billing/coming.html", context)


@dataclass(frozen=True, kw_only=True)
class Had:
    """One metered feature in the running period, as the page shows it."""

    title: str
    quantity: str
    said: str
    amount: int
    currency: str


def used_of(row: Subscription, used: Sequence[SoFar], language: str, *, several: bool) -> list[Had]:
    """What was used of each metered feature so far, how it is priced, and what it comes to before discounts."""
    offer = f"{said_in(row.offer_version.title, language)}: " if several else ""
    return [
        Had(
            title=offer + (said_in(one.feature.title, language) or one.feature.reference),
            quantity=decimal_words(one.quantity, 0, language),
            said=say(one.line.rule, one.line.inputs, amount=one.amount, language=language) if one.line else "",
            amount=one.amount,
            currency=row.currency,
        )
        for one in used
    ]


def facts_of(
    row: Subscription, picture: SubscriptionSnapshot, catalogue: Catalogue, language: str, *, several: bool
) -> list[Fact]:
    """What is planned, the charges and the end ahead of one subscription."""
    title = said_in(row.offer_version.title, language)
    later = coming(picture, catalogue=catalogue)
    said = [
        Fact(
            on=wish.effective_on,
            words=words,
            amount=None,
            currency=row.currency,
            undo_url=_unplan_url(row, wish.kind) if not nth else "",
        )
        for wish in picture.scheduled
        for nth, words in enumerate(plan_words(wish, picture, catalogue, language))
    ]
    said += suspension_facts(row, picture, title if several else "")
    said += [_charge(one, title if several else "", row.currency, language) for one in later[:MOST]]
    ends_on = picture.ends_on
    if ends_on is not None:
        last = ends_on - timedelta(days=1)
        words = _("Last day of %(offer)s") % {"offer": title}
        said.append(Fact(on=last, words=words, amount=None, currency=row.currency))
    return said


def waiting_facts(rows: Sequence[Subscription], language: str, *, zone: str) -> list[Fact]:
    """Changes that wait for their payment: until when their form takes it. One query. Needs the tenant's scope."""
    waiting = waiting_of([row.pk for row in rows])
    said = []
    for row in rows:
        session = waiting.get(row.pk)
        if session is not None:
            offer = said_in(session.quote.offer_version.title, language)
            words = _("%(offer)s is changed once this is paid; the form is open until then") % {"offer": offer}
            last = local_date(session.expires_at, zone)
            undo, link = _unplan_url(row, PAID_FIRST), form_url(session)
            said.append(
                Fact(
                    on=last,
                    words=words,
                    amount=session.quote.total,
                    currency=row.currency,
                    undo_url=undo,
                    link=link,
                )
            )
    return said


def suspension_facts(row: Subscription, picture: SubscriptionSnapshot, title: str) -> list[Fact]:
    """The first day of a suspension that has not begun, which can be taken back, and the first day with service again
    where it is known."""
    wish, said = picture.suspension, []
    if wish is None:
        return []
    if not wish.begun:
        words = _("Suspended, billing stops") if wish.stops_billing else _("Suspended, billing goes on")
        undo = _unplan_url(row, SUSPEND)
        said.append(Fact(on=wish.from_on, words=_of(title, words), amount=None, currency=row.currency, undo_url=undo))
    if wish.until_on is not None:
        words = _of(title, _("Service again"))
        said.append(Fact(on=wish.until_on, words=words, amount=None, currency=row.currency))
    return said


def _last_day(row: Subscription, last: date, title: str) -> Fact:
    words = _of(title, _("Last day to withdraw without a reason"))
    return Fact(on=last, words=words, amount=None, currency=row.currency)


def _of(title: str, words: str) -> str:
    return f"{title}: {words}" if title else words


def _counts_otherwise(wish: Scheduled, picture: SubscriptionSnapshot) -> bool:
    """Whether a wish is worth saying as another quantity: a change of offer names one even where it stays as it is."""
    wanted = wish.payload.get("quantity")
    if wanted is None or wish.kind != WishKind.change_offer.value:
        return wanted is not None
    others = [one.payload.get("quantity") for one in picture.scheduled if one is not wish]
    return any(had not in (None, wanted) for had in (picture.quantity, *others))


def plan_words(wish: Scheduled, picture: SubscriptionSnapshot, catalogue: Catalogue, language: str) -> Iterator[str]:
    """What a wish changes, one sentence for each thing."""
    offer = catalogue.offers.get(str(wish.payload.get("offer_version")))
    if offer is not None and wish.kind == WishKind.move_version.value:
        yield _("New terms and price of %(offer)s") % {"offer": said_in(offer.title, language)}
    elif offer is not None:
        yield _("Moves to %(offer)s") % {"offer": said_in(offer.title, language)}
    if _counts_otherwise(wish, picture):
        yield _("Quantity becomes %(quantity)s") % {"quantity": wish.payload["quantity"]}
    for coupon in picture.coupons:
        if coupon.id in _listed(wish.payload.get("coupons_off")):
            yield _("Without the coupon %(code)s") % {"code": coupon.code}
    for id_ in _listed(wish.payload.get("coupons_on")):
        yield _("With the coupon %(code)s") % {"code": catalogue.coupons[str(id_)].code}
    named = wish.payload.get("options")
    listed = named if isinstance(named, list) else []
    if wish.kind == WishKind.remove_option.value:
        for option in picture.options:
            if option.id in listed:
                yield _("Without %(option)s") % {"option": said_in(option.title, language)}
    if wish.kind == WishKind.add_option.value:
        for one in listed:
            yield _("With %(option)s") % {"option": said_in(catalogue.options[one["version"]].title, language)}


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _unplan_url(row: Subscription, kind: str) -> str:
    if row.merchant_id is None:
        return ""
    named = {"merchant": show("mer", row.merchant_id), "subscription": row.public_id}
    return f"{reverse('office:subscription-unplan', kwargs=named)}?kind={kind}"


def _charge(later: Later, title: str, currency: str, language: str) -> Fact:
    words = later_words(later, currency, language)
    return Fact(
        on=later.from_on,
        words=_of(title, words) if title else words[:1].upper() + words[1:],
        amount=later.gross,
        currency=currency,
    )
