"""What a letter is about, gathered in the tenant's scope just before it is sent: what is true then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse

from alerts.models import Message
from alerts.services import staff
from alerts.services.letter_enclosed import NOTHING, Enclosed, enclosed
from alerts.services.staff import Group
from alerts.services.timely import no_longer_true
from invoices.models import DocumentFile, Invoice, Payment
from merchants.brand import LIGHT_SHEET, readable, rgb, text_of
from merchants.ids import read
from merchants.languages import said_in
from merchants.links import mint
from merchants.models import Event, LegalEntity, Membership, Merchant, User
from merchants.models.people import Role
from merchants.tenancy.scope import current
from subscribers.models import Subscriber, Subscription

PATIENCE = timedelta(minutes=5)
"""How long a letter waits for its PDF; then it goes with a link."""

LINK_LASTS = timedelta(days=90)
LARGEST = 8_000_000
"""Bytes of an attachment; above, the letter carries a link."""

DOCUMENT = "document"
"""The purpose of links that open an invoice's PDF."""

OWED, CARD = "owed", "card"
"""The purposes of links that open the page of an invoice to pay, and the page of one's card."""
PAY_LASTS = timedelta(days=30)
CARD_LASTS = timedelta(days=60)
"""How long the links to what is owed and to another card open their pages."""
ASKS_TO_PAY = frozenset({"payment_failed", "payment_requires_action", "payment_link", "dunning_reminder"})
"""Letters whose button pays an invoice: dropped where nothing is owed on it any more."""
ASKS_FOR_A_CARD = frozenset({"card_expiring", "card_expired"})
"""Letters whose button gives another card."""


class Dropped(Exception):  # noqa: N818 - an answer
    """The letter is not to be sent, and why: nobody to send it to, or no longer true."""


class TooEarly(Exception):  # noqa: N818 - an answer
    """The letter's PDF is still being printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceTold:
    """An invoice as a letter tells it. Amounts in minor units; lines are `(title, amount)` in the document's terms.
    `pay_url` opens the page that pays what is `due`, in letters that ask for it."""

    number: str
    currency: str
    gross: int
    tax: int
    exclusive: bool
    issued_on: date | None
    lines: tuple[tuple[str, int], ...]
    next_on: date | None
    next_amount: int
    file: DocumentFile | None = None
    url: str = ""
    due: int = 0
    pay_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionTold:
    """A subscription as a letter tells it. `ends_on` is the first day without it."""

    offer: str
    ends_on: date | None
    start_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTold:
    """A payment as a letter tells it, in minor units."""

    amount: int
    refunded: int
    currency: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """All that a letter needs to be written and sent, read in one scope. `told` is what its event says, `about` the
    event's object; `groups` are the alerts of a letter to the staff, `alert_ids` all that it covers."""

    message_id: UUID
    public_id: str
    kind: str
    locale: str
    to: tuple[str, ...]
    merchant: str
    reply_to: str
    accent: str
    legal_line: str
    office_url: str
    zone: str = "UTC"
    invoice: InvoiceTold | None = None
    subscription: SubscriptionTold | None = None
    payment: PaymentTold | None = None
    later: tuple[Mapping[str, Any], ...] = ()
    currency: str = ""
    card_url: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    alert_ids: tuple[UUID, ...] = ()
    enclosed: Enclosed = NOTHING


def gather(message: Message, *, at: datetime) -> Matter:
    """What the letter says and to whom. Raises Dropped, or TooEarly while its PDF is printed (at most PATIENCE)."""
    merchant = Merchant.objects.get(id=current())
    event = Event.objects.filter(id=message.event_id).first() if message.event_id else None
    about = event.data.get("object", {}) if event and isinstance(event.data, Mapping) else {}
    to = _staff() if message.to_merchant else _person(message.subscriber_id)
    payment = _payment(event)
    invoice = _invoice(message, at=at)
    subscription = _subscription(event, invoice_id=message.invoice_id, locale=message.locale)
    if (why := no_longer_true(message.kind, event)) is not None:
        raise Dropped(why)
    groups, alert_ids = staff.gather(message) if message.kind in staff.KINDS else ((), ())
    if message.kind in staff.KINDS and not groups:
        raise Dropped("Nothing is left to tell.")
    quote = about.get("quote") if isinstance(about.get("quote"), Mapping) else {}
    return Matter(
        message_id=message.pk,
        public_id=message.public_id,
        kind=message.kind,
        locale=message.locale,
        to=to,
        merchant=merchant.name,
        reply_to="" if message.to_merchant else merchant.support_email,
        accent=text_of(readable(rgb(merchant.brand_color), LIGHT_SHEET, (0, 0, 0), 0.08)[0]),
        legal_line=_legal_line(),
        office_url=settings.PUBLIC_URL + reverse("office:alerts", kwargs={"merchant": merchant.public_id}),
        zone=merchant.timezone,
        invoice=invoice,
        subscription=subscription,
        payment=payment,
        later=tuple(row for row in (quote or {}).get("later") or () if isinstance(row, Mapping)),
        currency=str((quote or {}).get("currency") or ""),
        card_url=_card_url(message),
        about=about if isinstance(about, Mapping) else {},
        told=event.data if event and isinstance(event.data, Mapping) else {},
        groups=groups,
        alert_ids=alert_ids,
        enclosed=enclosed(message, event),
    )


def in_language(texts: Any, locale: str) -> str:
    """A text by language, in the one asked for or the next best.

    >>> [in_language(texts, "fr") for texts in ({"en": "High", "fr": "Haute"}, {"en": "High"}, {})]
    ['Haute', 'High', '']
    """
    if not isinstance(texts, Mapping):
        return ""
    return said_in(texts, locale)


def _person(subscriber_id: UUID | None) -> tuple[str, ...]:
    found = Subscriber.objects.only("email", "erased_at")
    person = found.filter(id=subscriber_id).first() if subscriber_id else None
    if person is None or person.erased_at is not None:
        raise Dropped("The subscriber was erased.")
    if not person.email:
        raise Dropped("The subscriber has no e-mail address.")
    return (_address(person.email),)


def _address(text: str) -> str:
    """One e-mail address; never two, never one with a line break. Raises Dropped."""
    try:
        validate_email(text)
    except ValidationError as error:
        raise Dropped("The subscriber's e-mail address is not one.") from error
    return text


def _staff() -> tuple[str, ...]:
    """The owners and administrators."""
    users = Membership.objects.filter(removed_at=None, role__in=[Role.OWNER, Role.ADMIN]).values_list(
        "user_id", flat=True
    )
    found = User.objects.filter(id__in=list(users), is_active=True).order_by("email").values_list("email", flat=True)
    if not found:
        raise Dropped("The merchant has no owner to write to.")
    return tuple(found)


def _legal_line() -> str:
    entity = LegalEntity.objects.filter(is_default=True).first()
    if entity is None:
        return ""
    parts = [entity.name, f"SIREN {entity.siren}" if entity.siren else "", entity.line1]
    return ", ".join(part for part in [*parts, f"{entity.postal_code} {entity.city}".strip()] if part)


def _payment(event: Event | None) -> PaymentTold | None:
    if event is None or not event.kind.startswith("payment.") or event.object_id is None:
        return None
    row = Payment.objects.filter(id=event.object_id).first()
    if row is None:
        return None
    safe = row.action_url if urlsplit(row.action_url).scheme in {"https", "http"} else ""
    return PaymentTold(amount=row.amount, refunded=row.refunded, currency=row.currency, url=safe)


def _invoice(message: Message, *, at: datetime) -> InvoiceTold | None:
    if message.invoice_id is None:
        return None
    row = Invoice.objects.get(id=message.invoice_id)
    attached: DocumentFile | None = None
    url = ""
    if message.kind in {"welcome_invoice", "invoice_paid"}:
        file = DocumentFile.objects.filter(invoice=row, format="pdf").first()
        if file is not None and file.made_at is not None and file.size <= LARGEST:
            attached = file
        elif file is not None and file.made_at is None and at - message.created_at < PATIENCE:
            raise TooEarly
        elif file is not None:
            token = mint(DOCUMENT, current(), row.pk, lasts=LINK_LASTS)
            url = settings.PUBLIC_URL + reverse("document", args=[token])
    due, pay_url = 0, ""
    if message.kind in ASKS_TO_PAY:
        due = row.amount_due if row.status in (Invoice.Status.OPEN, Invoice.Status.UNCOLLECTIBLE) else 0
        if not due:
            raise Dropped("Nothing is owed on the invoice any more.")
        pay_url = settings.PUBLIC_URL + reverse("hosted:owed", args=[mint(OWED, current(), row.pk, lasts=PAY_LASTS)])
    next_on = row.coming.get("on") if isinstance(row.coming, Mapping) else None
    return InvoiceTold(
        number=row.number or "",
        currency=row.currency,
        gross=row.gross,
        tax=row.tax,
        exclusive=row.tax_behavior == "exclusive",
        issued_on=row.issued_on,
        lines=tuple(
            (in_language(title, message.locale), amount - discount)
            for title, amount, discount in row.lines.order_by("position").values_list("title", "amount", "discount")
        ),
        next_on=date.fromisoformat(next_on) if next_on else None,
        next_amount=int(row.coming.get("amount") or 0) if next_on else 0,
        file=attached,
        url=url,
        due=due,
        pay_url=pay_url,
    )


def _card_url(message: Message) -> str:
    """The page on which the letter's reader gives another card; '' in other letters."""
    if message.kind not in ASKS_FOR_A_CARD or message.subscriber_id is None:
        return ""
    token = mint(CARD, current(), message.subscriber_id, lasts=CARD_LASTS)
    return settings.PUBLIC_URL + reverse("hosted:card", args=[token])


def _subscription(event: Event | None, *, invoice_id: UUID | None, locale: str) -> SubscriptionTold | None:
    rows = Subscription.objects.select_related("offer_version")
    row = None
    if invoice_id is not None:
        subscription_id = Invoice.objects.filter(id=invoice_id).values_list("subscription_id", flat=True).first()
        row = rows.filter(id=subscription_id).first() if subscription_id else None
    elif event is not None and event.kind.startswith("subscription.") and event.object_id is not None:
        row = rows.filter(id=event.object_id).first()
    elif event is not None and event.kind.startswith("checkout_session."):
        row = _bought(event, rows)
    if row is None:
        return None
    return SubscriptionTold(
        offer=in_language(row.offer_version.title, locale), ends_on=row.service_ends_on, start_on=row.start_on
    )


def _bought(event: Event, rows: Any) -> Subscription | None:
    shown = event.data.get("object", {}).get("subscription")
    wanted = read("sub", shown) if isinstance(shown, str) else None
    found: Subscription | None = rows.filter(id=wanted).first() if wanted else None
    return found
