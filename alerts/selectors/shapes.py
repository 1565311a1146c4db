"""Webhook endpoints, deliveries and alerts as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired, Protocol, TypedDict

from alerts.models import Alert, Delivery, WebhookEndpoint
from alerts.rules import DEFAULTS, Mail
from merchants.ids import show
from merchants.models import Event
from merchants.selectors.shapes import InstantText, Says, instant_text

ENDPOINT_STATES = ("active", "failing", "disabled")
DELIVERY_STATES = ("waiting", "delivered", "failed")
ALERT_STATES = ("open", "acknowledged", "resolved")
MAIL_WAYS = tuple(mail.value for mail in Mail)


class WebhookEndpointShape(TypedDict):
    """Where events are sent. `events` names kinds, or families such as `invoice.*`; empty means all.

    `secret` stands in the answers that made it, and never again; it is null where such an answer is replayed.
    """

    id: str
    object: str
    url: str
    description: str
    events: list[str]
    enabled: bool
    status: Annotated[str, Says(one_of=ENDPOINT_STATES)]
    failing_since: InstantText | None
    previous_secret_until: InstantText | None
    created_at: InstantText
    secret: NotRequired[str | None]


class DeliveryShape(TypedDict):
    """One event on its way to one endpoint. `last_status` is the HTTP status of the last answer, if there was one."""

    id: str
    object: str
    webhook_endpoint: str
    event: str
    type: str
    sequence: int
    status: Annotated[str, Says(one_of=DELIVERY_STATES)]
    tries: int
    next_try_at: InstantText | None
    last_tried_at: InstantText | None
    last_status: int | None
    last_error: str | None
    last_answer: str | None
    delivered_at: InstantText | None
    created_at: InstantText


class AlertShape(TypedDict):
    """Something that a person should act on. `details` says what it is about; its keys depend on the kind."""

    id: str
    object: str
    kind: str
    severity: Annotated[str, Says(one_of=("bad", "warn", "info"))]
    status: Annotated[str, Says(one_of=ALERT_STATES)]
    subscriber: str | None
    event: str | None
    details: dict[str, Any]
    created_at: InstantText
    acknowledged_at: InstantText | None
    resolved_at: InstantText | None


class AlertRuleShape(TypedDict):
    """How one kind of alert goes to the staff by e-mail. `usual` is what holds where nobody chose."""

    kind: Annotated[str, Says(one_of=tuple(DEFAULTS))]
    mail: Annotated[str, Says(one_of=MAIL_WAYS)]
    usual: Annotated[str, Says(one_of=MAIL_WAYS)]


class AlertRulesShape(TypedDict):
    """The rule of every kind of alert."""

    object: Annotated[str, Says(one_of=("alert_rules",))]
    rules: list[AlertRuleShape]


class SentTestShape(TypedDict):
    """The event that a test sends."""

    event: str


class ReplayedShape(TypedDict):
    """How many deliveries are sent again."""

    deliveries: int


def endpoint_status(endpoint: WebhookEndpoint) -> str:
    """Whether it is switched off, fails, or works."""
    if endpoint.disabled_at is not None:
        return "disabled"
    return "failing" if endpoint.failing_since is not None else "active"


def alert_status(alert: Alert) -> str:
    """Whether somebody has seen it, or it is done with."""
    if alert.resolved_at is not None:
        return "resolved"
    return "acknowledged" if alert.acknowledged_at is not None else "open"


def show_endpoints(endpoints: Sequence[WebhookEndpoint]) -> list[WebhookEndpointShape]:
    """Endpoints, without a query and without their secrets."""
    return [
        {
            "id": row.public_id,
            "object": "webhook_endpoint",
            "url": row.url,
            "description": row.description,
            "events": row.events,
            "enabled": row.disabled_at is None,
            "status": endpoint_status(row),
            "failing_since": instant_text(row.failing_since),
            "previous_secret_until": instant_text(row.previous_secret_until),
            "created_at": instant_text(row.created_at),
        }
        for row in endpoints
    ]


def show_deliveries(deliveries: Sequence[Delivery]) -> list[DeliveryShape]:
    """Deliveries, in one query for their events' kinds."""
    kinds = dict(Event.objects.filter(id__in={row.event_id for row in deliveries}).values_list("id", "kind"))
    return [
        {
            "id": row.public_id,
            "object": "delivery",
            "webhook_endpoint": show("whe", row.endpoint_id),
            "event": show("evt", row.event_id),
            "type": kinds[row.event_id],
            "sequence": row.sequence,
            "status": row.status,
            "tries": row.tries,
            "next_try_at": instant_text(row.next_try_at),
            "last_tried_at": instant_text(row.last_tried_at),
            "last_status": row.last_status,
            "last_error": row.last_error or None,
            "last_answer": row.last_answer or None,
            "delivered_at": instant_text(row.delivered_at),
            "created_at": instant_text(row.created_at),
        }
        for row in deliveries
    ]


def show_alerts(alerts: Sequence[Alert]) -> list[AlertShape]:
    """Alerts, without a query."""
    return [
        {
            "id": row.public_id,
            "object": "alert",
            "kind": row.kind,
            "severity": row.severity,
            "status": alert_status(row),
            "subscriber": show("cus", row.subscriber_id) if row.subscriber_id else None,
            "event": show("evt", row.event_id) if row.event_id else None,
            "details": row.details,
            "created_at": instant_text(row.created_at),
            "acknowledged_at": instant_text(row.acknowledged_at),
            "resolved_at": instant_text(row.resolved_at),
        }
        for row in alerts
    ]


class _Rule(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def mail(self) -> Mail: ...
    @property
    def usual(self) -> Mail: ...


def show_rules(rules: Sequence[_Rule]) -> AlertRulesShape:
    """Rules, without a query."""
    return {
        "object": "alert_rules",
        "rules": [{"kind": rule.kind, "mail": rule.mail.value, "usual": rule.usual.value} for rule in rules],
    }
