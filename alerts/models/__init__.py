"""What only tells someone: webhooks, e-mails, alerts."""

from alerts.models.alerts import Alert, AlertRule
from alerts.models.messages import Message
from alerts.models.webhooks import Delivery, WebhookEndpoint

__all__ = ["Alert", "AlertRule", "Delivery", "Message", "WebhookEndpoint"]
