"""The customer: who they are, what they have, how they pay, and everything that ever changed."""

from subscribers.models.consumption import Consumption, QuotaCounter
from subscribers.models.gestures import Gesture, GestureBatch, GestureMember
from subscribers.models.history import Change
from subscribers.models.means import Mandate, PaymentMethod
from subscribers.models.people import PersonalValue, Subscriber
from subscribers.models.rights import Grant
from subscribers.models.subscriptions import ScheduledChange, Subscription, SubscriptionCoupon, SubscriptionOption
from subscribers.models.usage import UsageRecord
from subscribers.models.visits import MemberCard, Visit

__all__ = [
    "Change",
    "Consumption",
    "Gesture",
    "GestureBatch",
    "GestureMember",
    "Grant",
    "Mandate",
    "MemberCard",
    "PaymentMethod",
    "PersonalValue",
    "QuotaCounter",
    "ScheduledChange",
    "Subscriber",
    "Subscription",
    "SubscriptionCoupon",
    "SubscriptionOption",
    "UsageRecord",
    "Visit",
]
