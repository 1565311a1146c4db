"""What each entry of the history is called: changes by kind and verb, events by their kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

CHANGES: Mapping[tuple[str, str], Promise] = {
    ("subscriber", "created"): gettext_lazy("Enrolled"),
    ("subscriber", "updated"): gettext_lazy("Profile changed"),
    ("subscriber", "moved"): gettext_lazy("Moved to another site"),
    ("subscriber", "vat_checked"): gettext_lazy("VAT number looked up"),
    ("subscriber", "erased"): gettext_lazy("Personal values erased"),
    ("subscriber", "released"): gettext_lazy("Released from the test clock: lives in real time"),
    ("subscription", "created"): gettext_lazy("Purchase begun: %(name)s"),
    ("subscription", "imported"): gettext_lazy("%(name)s taken over from another system"),
    ("subscription", "moved"): gettext_lazy("%(name)s moved to another site"),
    ("subscription", "reactivated"): gettext_lazy("%(name)s taken up again after its end"),
    ("subscription", "activated"): gettext_lazy("Subscription to %(name)s"),
    ("subscription", "lapsed"): gettext_lazy("Purchase of %(name)s lapsed, not paid for"),
    ("subscription", "payment_settled"): gettext_lazy("Payment of %(name)s"),
    ("subscription", "payment_under_way"): gettext_lazy("Payment of %(name)s under way"),
    ("subscription", "payment_failed"): gettext_lazy("%(name)s not paid: tried again"),
    ("subscription", "payment_overdue"): gettext_lazy("%(name)s overdue"),
    ("subscription", "payment_method_changed"): gettext_lazy("%(name)s charged to another card"),
    ("subscription", "restricted"): gettext_lazy("%(name)s restricted"),
    ("subscription", "access_changed"): gettext_lazy("Access to %(name)s changed"),
    ("subscription", "renewed"): gettext_lazy("Renewal of %(name)s"),
    ("subscription", "cancelled"): gettext_lazy("Cancellation of %(name)s"),
    ("subscription", "withdrawal"): gettext_lazy("Withdrawal from %(name)s"),
    ("subscription", "cancellation_undone"): gettext_lazy("Cancellation of %(name)s taken back"),
    ("subscription", "suspended"): gettext_lazy("%(name)s suspended"),
    ("subscription", "suspension_planned"): gettext_lazy("Suspension of %(name)s planned"),
    ("subscription", "suspension_undone"): gettext_lazy("Suspension of %(name)s taken back"),
    ("subscription", "resumption_planned"): gettext_lazy("Resuming of %(name)s planned"),
    ("subscription", "renewal_moved"): gettext_lazy("Renewal of %(name)s moved"),
    ("subscription", "resumed"): gettext_lazy("%(name)s resumed"),
    ("subscription", "ended"): gettext_lazy("End of %(name)s"),
    ("subscription", "released"): gettext_lazy("%(name)s released from the test clock"),
    ("option", "option_added"): gettext_lazy("Option %(name)s"),
    ("option", "option_removed"): gettext_lazy("Option %(name)s dropped"),
    ("coupon", "coupon_attached"): gettext_lazy("Coupon %(name)s"),
    ("grant", "opened"): gettext_lazy("Features opened"),
    ("grant", "closed"): gettext_lazy("Features closed"),
    ("grant", "set_by_hand"): gettext_lazy("Feature set by hand"),
    ("grant", "hand_taken_back"): gettext_lazy("No longer set by hand"),
    ("payment_method", "attached"): gettext_lazy("%(name)s added"),
    ("payment_method", "replaced"): gettext_lazy("%(name)s no longer charged by default"),
    ("payment_method", "made_default"): gettext_lazy("%(name)s charged from now on"),
    ("payment_method", "detached"): gettext_lazy("%(name)s removed"),
    ("mandate", "created"): gettext_lazy("SEPA mandate accepted"),
    ("mandate", "taken_over"): gettext_lazy("SEPA mandate taken over"),
    ("mandate", "lodged"): gettext_lazy("SEPA mandate lodged at the provider"),
    ("mandate", "refused"): gettext_lazy("SEPA mandate refused by the bank"),
    ("mandate", "revoked"): gettext_lazy("SEPA mandate revoked"),
    ("coupon", "coupon_removed"): gettext_lazy("Coupon %(name)s taken off"),
    ("coupon", "taken_back"): gettext_lazy("Coupon %(name)s taken back"),
    ("gesture", "given"): gettext_lazy("Gesture"),
    ("gesture", "undone"): gettext_lazy("Gesture taken back"),
    ("scheduled_change", "created"): gettext_lazy("Planned"),
    ("scheduled_change", "made_at_once"): gettext_lazy("Changed at once"),
    ("scheduled_change", "planned"): gettext_lazy("Planned"),
    ("scheduled_change", "done"): gettext_lazy("What was planned is done"),
    ("scheduled_change", "replaced"): gettext_lazy("Planned otherwise"),
    ("scheduled_change", "revoked"): gettext_lazy("Not planned any more"),
}
KINDS: Mapping[str, Promise] = {
    "subscriber": gettext_lazy("Profile changed"),
    "subscription": gettext_lazy("Change of %(name)s"),
    "option": gettext_lazy("Change of the option %(name)s"),
    "coupon": gettext_lazy("Change of the coupon %(name)s"),
    "grant": gettext_lazy("Features changed"),
    "payment_method": gettext_lazy("Change of %(name)s"),
    "mandate": gettext_lazy("SEPA mandate changed"),
    "scheduled_change": gettext_lazy("Change of what is planned"),
    "gesture": gettext_lazy("Change of a gesture"),
}
"""For a verb that has no title of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTitle:
    """How an event is shown: its words (filled from the object), its icon, its mark, which of its amounts."""

    words: Promise
    icon: str
    mark: str = ""
    amount: str = ""


EVENTS: Mapping[str, EventTitle] = {
    "invoice.finalized": EventTitle(words=gettext_lazy("Invoice %(number)s"), icon="document", amount="total"),
    "invoice.paid": EventTitle(words=gettext_lazy("Invoice %(number)s paid"), icon="document"),
    "invoice.payment_failed": EventTitle(
        words=gettext_lazy("Payment of invoice %(number)s failed"), icon="card", mark="bad"
    ),
    "invoice.overdue": EventTitle(words=gettext_lazy("Invoice %(number)s overdue"), icon="document", mark="bad"),
    "invoice.uncollectible": EventTitle(
        words=gettext_lazy("Invoice %(number)s given up as uncollectible"), icon="document", mark="bad"
    ),
    "invoice.cancelled": EventTitle(words=gettext_lazy("Invoice %(number)s credited in full"), icon="document"),
    "credit_note.created": EventTitle(words=gettext_lazy("Credit note %(number)s"), icon="document", amount="total"),
    "payment.succeeded": EventTitle(words=gettext_lazy("Payment succeeded"), icon="card", amount="amount"),
    "payment.failed": EventTitle(words=gettext_lazy("Payment refused"), icon="card", mark="bad", amount="amount"),
    "payment.requires_action": EventTitle(
        words=gettext_lazy("Payment waits for the subscriber"), icon="card", mark="warn", amount="amount"
    ),
    "payment.reversed": EventTitle(words=gettext_lazy("Payment taken back"), icon="card"),
    "invoice.sent": EventTitle(words=gettext_lazy("Payment link sent for invoice %(number)s"), icon="mail"),
    "subscription.parked": EventTitle(words=gettext_lazy("Could not be billed"), icon="alert", mark="bad"),
    "payment.receipt_sent": EventTitle(words=gettext_lazy("Receipt sent by e-mail"), icon="mail"),
    "visit.entered": EventTitle(words=gettext_lazy("Came in"), icon="counter"),
    "visit.undone": EventTitle(words=gettext_lazy("Entry taken back"), icon="counter"),
    "member_card.replaced": EventTitle(words=gettext_lazy("Membership card replaced: lost"), icon="counter"),
    "payment.refunded": EventTitle(words=gettext_lazy("Money given back"), icon="card"),
    "payment.refund_failed": EventTitle(words=gettext_lazy("Refund refused"), icon="card", mark="bad"),
    "payment.disputed": EventTitle(words=gettext_lazy("Payment disputed"), icon="card", mark="bad", amount="amount"),
    "dunning.started": EventTitle(words=gettext_lazy("Unpaid: reminders begin"), icon="alert", mark="warn"),
    "dunning.step_taken": EventTitle(words=gettext_lazy("Unpaid: next step taken"), icon="alert", mark="warn"),
    "dunning.ended": EventTitle(words=gettext_lazy("Unpaid: settled"), icon="alert"),
    "subscription.trial_ending": EventTitle(words=gettext_lazy("Free stage ends soon"), icon="clock"),
    "subscription.ending": EventTitle(words=gettext_lazy("Subscription ends soon"), icon="clock"),
    "subscription.commitment_ending": EventTitle(words=gettext_lazy("Commitment ends soon"), icon="clock"),
    "payment_method.expiring": EventTitle(words=gettext_lazy("Card expires soon"), icon="card", mark="warn"),
    "payment_method.expired": EventTitle(words=gettext_lazy("Card expired"), icon="card", mark="bad"),
    "message.sent": EventTitle(words=gettext_lazy("E-mail sent: %(letter)s"), icon="mail"),
    "alert.raised": EventTitle(words=gettext_lazy("Alert: %(alert)s"), icon="alert", mark="warn"),
}
TOLD_BY_A_CHANGE = frozenset(
    {
        "subscriber.created",
        "subscriber.updated",
        "subscriber.erased",
        "subscriber.feature_changed",
        "subscription.created",
        "subscription.activated",
        "subscription.updated",
        "subscription.offer_changed",
        "subscription.price_change_announced",
        "subscription.option_added",
        "subscription.option_removed",
        "subscription.cancellation_scheduled",
        "subscription.cancellation_undone",
        "subscription.suspended",
        "subscription.resumed",
        "subscription.renewed",
        "gesture.given",
        "gesture.undone",
        "subscription.ended",
        "access.changed",
        "invoice.payment_failed",
        "payment_method.attached",
        "payment_method.updated",
        "payment_method.detached",
        "mandate.signed",
        "mandate.refused",
        "mandate.revoked",
        "checkout_session.completed",
        "checkout_session.expired",
    }
)
"""Events that say what a change of the same moment says better, with before and after: pages leave them out."""

LETTERS: Mapping[str, Promise] = {
    "welcome": gettext_lazy("welcome"),
    "enrolled": gettext_lazy("welcome, with the membership card"),
    "receipt": gettext_lazy("receipt"),
    "welcome_invoice": gettext_lazy("welcome, with the first invoice"),
    "invoice_paid": gettext_lazy("invoice"),
    "payment_failed": gettext_lazy("the payment did not go through"),
    "payment_requires_action": gettext_lazy("the payment waits for a confirmation"),
    "payment_refunded": gettext_lazy("money given back"),
    "cancellation_scheduled": gettext_lazy("cancellation noted"),
    "cancellation_undone": gettext_lazy("the subscription goes on"),
    "subscription_ended": gettext_lazy("end of the subscription"),
    "subscription_ending": gettext_lazy("the subscription ends soon"),
    "trial_ending": gettext_lazy("the free period ends soon"),
    "card_expiring": gettext_lazy("the card expires soon"),
    "card_expired": gettext_lazy("the card has expired"),
    "payment_link": gettext_lazy("link to pay an invoice"),
    "dunning_reminder": gettext_lazy("reminder of what is owed"),
}
ALERTS: Mapping[str, Promise] = {
    "payment_failed": gettext_lazy("a payment failed"),
    "invoice_overdue": gettext_lazy("an invoice is overdue"),
    "cancellation_scheduled": gettext_lazy("someone leaves"),
    "letter_failed": gettext_lazy("an e-mail could not be sent"),
    "dunning_step": gettext_lazy("unpaid for long"),
    "dunning_suspended": gettext_lazy("suspended for not paying"),
    "card_expiring": gettext_lazy("the card expires soon"),
    "card_expired": gettext_lazy("the card has expired"),
    "trial_ending": gettext_lazy("the free period ends soon"),
    "subscription_ending": gettext_lazy("the subscription ends soon"),
    "subscription_ended": gettext_lazy("end of the subscription"),
    "subscription_parked": gettext_lazy("could not be billed"),
}
WHY_REFUSED: Mapping[str, Promise] = {
    "insufficient_funds": gettext_lazy("insufficient funds"),
    "expired_card": gettext_lazy("the card has expired"),
    "incorrect_cvc": gettext_lazy("wrong security code"),
    "authentication_required": gettext_lazy("the bank wants a confirmation"),
    "lost_card": gettext_lazy("the card was reported lost"),
    "stolen_card": gettext_lazy("the card was reported stolen"),
    "processing_error": gettext_lazy("a fault at the bank"),
    "generic_decline": gettext_lazy("the bank says no and does not say why"),
    "card_declined": gettext_lazy("the bank says no and does not say why"),
}
"""Decline codes of providers, as a person reads them."""


def change_title(kind: str, verb: str, name: str) -> str:
    """What a change is called; `name` is that of its offer, option, feature or method."""
    words = CHANGES.get((kind, verb)) or KINDS.get(kind) or gettext_lazy("Change")
    return _without_gaps(str(words) % {"name": name})


def event_title(kind: str, told: Mapping[str, Any]) -> str:
    """What an event is called, from the object that it tells."""
    title = EVENTS.get(kind)
    if title is None:
        return _("Something happened")
    fill = {
        "number": told.get("number") or "",
        "letter": str(LETTERS.get(str(told.get("kind")), _("a message"))),
        "alert": str(ALERTS.get(str(told.get("kind")), _("see the alerts"))),
    }
    words = _without_gaps(str(title.words) % fill)
    why = WHY_REFUSED.get(str(told.get("decline_code") or told.get("code") or ""))
    return _("%(what)s: %(why)s") % {"what": words, "why": why} if why and kind == "payment.failed" else words


def _without_gaps(words: str) -> str:
    """Without the spaces that an empty name leaves; the no-break space before a French colon stays."""
    return " ".join(part for part in words.split(" ") if part)
