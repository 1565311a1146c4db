"""E-mails to the merchant's staff: failures at once and together, the rest in one digest each morning.

An alert says by its `mail` how it is still to be told; a letter takes what is there when it is gathered, and clears it
in the transaction that records that it left. A run in which a thousand payments fail is one letter, not a thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import translation

from alerts.models import Alert, Message
from alerts.rules import ORDER, Mail
from alerts.selectors.alert_names import TOGETHER
from alerts.selectors.needs import needs
from merchants.clock import instant
from merchants.models import Merchant
from merchants.now import local_date
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import current, tenant
from merchants.wording import number_text

NOW, DAILY = "alerts_now", "alerts_daily"
KINDS = frozenset({NOW, DAILY})
"""Letters to the staff."""

APART = timedelta(minutes=15)
"""Letters of failures keep this distance: what fails meanwhile goes together."""

SHOWN = 5
"""Of each kind so many are named; the others are counted, and stand in the office."""

MOST = 2_000
"""Alerts that one letter tells of, newest first; those left over are told by the next."""

MERCHANTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One alert as a letter tells it."""

    fact: str
    why: str
    stake: str
    stake_note: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The alerts of one kind: what they are called together, where they stand, the newest of them."""

    kind: str
    title: str
    severity: str
    count: int
    url: str
    rows: tuple[Row, ...]

    @property
    def others(self) -> int:
        """How many are not named."""
        return self.count - len(self.rows)


def mail_of(alert: Alert, rule: Mail) -> str:
    """How an alert is to be told by e-mail. That a letter to the staff failed is not told by another one."""
    if alert.kind == "letter_failed" and alert.details.get("letter") in KINDS:
        return ""
    return "" if rule is Mail.none else rule.value


def ask_now(*, at: datetime) -> None:
    """Have a letter of failures written, unless one waits. Soon after another one it waits its turn."""
    sent = Message.objects.filter(kind=NOW, sent_at__isnull=False).order_by("-id")
    last = sent.values_list("sent_at", flat=True).first()
    earliest = at if last is None else max(at, last + APART)
    _write(NOW, at=at, next_try_at=earliest)


def write_digests() -> int:
    """Have the digest written for every merchant whose morning has come and who has something to hear; how many."""
    due = across_tenants("digests_due", instant(), MERCHANTS)
    for merchant_id, _ in due:
        with tenant(merchant_id):
            at = instant()
            zone = Merchant.objects.values_list("timezone", flat=True).get(id=merchant_id)
            _write(DAILY, at=at, next_try_at=at, day=local_date(at, zone))
    return len(due)


def _write(kind: str, *, at: datetime, next_try_at: datetime, **columns: object) -> None:
    """The letter as a row; where one of its kind waits, or had its day, nothing."""
    locale = Merchant.objects.values_list("locale", flat=True).get(id=current())
    row = Message(kind=kind, to_merchant=True, locale=locale, next_try_at=next_try_at, created_at=at, **columns)
    Message.objects.bulk_create([row], ignore_conflicts=True)


def gather(message: Message) -> tuple[tuple[Group, ...], tuple[UUID, ...]]:
    """What a letter to the staff tells, in its language, and the ids of all the alerts that it covers.

    Failures that are to be told at once are the digest's too where no letter of their own waits: none is forgotten.
    """
    wanted = Q(mail=Mail.at_once)
    if message.kind == DAILY:
        waits = Message.objects.filter(kind=NOW, status=Message.Status.WAITING).exists()
        wanted = Q(mail=Mail.digest) if waits else ~Q(mail="")
    rows = list(Alert.objects.filter(wanted, resolved_at=None).order_by("-id")[:MOST])
    with translation.override(message.locale):
        return _groups(rows, message.locale), tuple(row.pk for row in rows)


def _groups(rows: Collection[Alert], language: str) -> tuple[Group, ...]:
    merchant = Merchant.objects.get(id=current()).public_id
    office = settings.PUBLIC_URL + reverse("office:alerts", kwargs={"merchant": merchant})
    counts, shown = Counter(row.kind for row in rows), Counter[str]()
    named = []
    for row in rows:
        shown[row.kind] += 1
        if shown[row.kind] <= SHOWN:
            named.append(row)
    told: dict[str, list[Row]] = {}
    severities: dict[str, str] = {}
    for row, need in zip(named, needs(named, merchant=merchant, language=language), strict=True):
        url = settings.PUBLIC_URL + need.url if need.url else office
        said = Row(fact=need.fact, why=need.why, stake=need.stake, stake_note=need.stake_note, url=url)
        told.setdefault(row.kind, []).append(said)
        severities.setdefault(row.kind, row.severity)
    return tuple(
        Group(
            kind=kind,
            title=_title(kind, counts[kind], language),
            severity=severities[kind],
            count=counts[kind],
            url=f"{office}?kind={kind}",
            rows=tuple(told[kind]),
        )
        for kind in sorted(told, key=lambda kind: (ORDER.get(kind, len(ORDER)), kind))
    )


def _title(kind: str, count: int, language: str) -> str:
    several = TOGETHER.get(kind)
    return several(count) % {"count": number_text(count, language)} if several else ""


def told(alert_ids: Collection[UUID], *, at: datetime) -> None:
    """Remember that a letter told of these. What failed while it was on its way gets the next one."""
    Alert.objects.filter(id__in=alert_ids).update(mail="")
    if Alert.objects.filter(mail=Mail.at_once, resolved_at=None).exists():
        ask_now(at=at)
