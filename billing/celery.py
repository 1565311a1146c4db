"""Celery: queues by purpose, and a beat that only nudges. What must be done is always a row in PostgreSQL."""

from __future__ import annotations

import os

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")

QUEUES = ("money", "documents", "alerts", "default")

app = Celery("tacite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name) for name in QUEUES]
app.autodiscover_tasks(["billing", "invoices", "alerts"])
app.conf.task_routes = {
    "billing.tasks.*": {"queue": "money"},
    "invoices.tasks.*": {"queue": "documents"},
    "alerts.tasks.*": {"queue": "alerts"},
}
app.conf.beat_schedule = {
    "settle what is unknown": {"task": "billing.tasks.reconcile_payments", "schedule": 60.0},
    "lapse quotes": {"task": "billing.tasks.lapse_checkouts", "schedule": 60.0},
    "read the provider inbox": {"task": "billing.tasks.read_inbox", "schedule": 15.0},
    "relay events": {"task": "alerts.tasks.relay_events", "schedule": 5.0},
    "send what is due": {"task": "alerts.tasks.send_due", "schedule": 10.0},
    "print documents": {"task": "invoices.tasks.print_missing", "schedule": 30.0},
}
