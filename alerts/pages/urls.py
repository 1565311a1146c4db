"""Addresses of alerts and webhooks in the office."""

from django.urls import URLPattern, path

from alerts.pages import alert_mail, alerts, several, webhooks

ONE = "developers/webhooks/<str:webhook_endpoint>"
DELIVERY = "developers/deliveries/<str:delivery>"

urlpatterns: list[URLPattern] = [
    path("alerts", alerts.alerts, name="alerts"),
    path("alerts/several", several.several, name="alerts_several"),
    path("alerts/mail", alert_mail.alert_mail, name="alert_mail"),
    path("alerts/<str:alert>/acknowledge", alerts.acknowledge, name="alert_acknowledge"),
    path("alerts/<str:alert>/resolve", alerts.resolve, name="alert_resolve"),
    path("home/alerts", alerts.home_alerts, name="home-alerts"),
    path("developers/webhooks", webhooks.webhooks, name="webhooks"),
    path(ONE, webhooks.webhook, name="webhook"),
    path(f"{ONE}/roll", webhooks.webhook_roll, name="webhook_roll"),
    path(f"{ONE}/test", webhooks.webhook_test, name="webhook_test"),
    path(f"{ONE}/switch", webhooks.webhook_switch, name="webhook_switch"),
    path(f"{ONE}/replay", webhooks.webhook_replay, name="webhook_replay"),
    path(f"{ONE}/delete", webhooks.webhook_delete, name="webhook_delete"),
    path(DELIVERY, webhooks.webhook_delivery, name="webhook_delivery"),
    path(f"{DELIVERY}/retry", webhooks.webhook_delivery_retry, name="webhook_delivery_retry"),
]
