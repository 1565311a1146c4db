"""Addresses of webhook endpoints, events, alerts and their rules."""

from django.urls import URLPattern, path

from alerts.api import alert_rules, alerts, events, webhook_endpoints

ONE = "webhook_endpoints/<str:webhook_endpoint>"

urlpatterns: list[URLPattern] = [
    path("webhook_endpoints", webhook_endpoints.WebhookEndpoints.as_view(), name="webhook_endpoints"),
    path(ONE, webhook_endpoints.OneWebhookEndpoint.as_view(), name="webhook_endpoint"),
    path(f"{ONE}/roll", webhook_endpoints.RollSecret.as_view(), name="webhook_endpoint_roll"),
    path(f"{ONE}/test", webhook_endpoints.SendTest.as_view(), name="webhook_endpoint_test"),
    path(f"{ONE}/replay", webhook_endpoints.Replay.as_view(), name="webhook_endpoint_replay"),
    path(f"{ONE}/deliveries", webhook_endpoints.Deliveries.as_view(), name="deliveries"),
    path(f"{ONE}/deliveries/<str:delivery>/retry", webhook_endpoints.RetryDelivery.as_view(), name="delivery_retry"),
    path("events", events.Events.as_view(), name="events"),
    path("events/<str:event>", events.OneEvent.as_view(), name="event"),
    path("alert_rules", alert_rules.AlertRules.as_view(), name="alert_rules"),
    path("alerts", alerts.Alerts.as_view(), name="alerts"),
    path("alerts/<str:alert>", alerts.OneAlert.as_view(), name="alert"),
    path("alerts/<str:alert>/acknowledge", alerts.AcknowledgeAlert.as_view(), name="alert_acknowledge"),
    path("alerts/<str:alert>/resolve", alerts.ResolveAlert.as_view(), name="alert_resolve"),
]
