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
    "billing.tasks.foresee_due": {"queue": "default"},
    "billing.tasks.make_export*": {"queue": "default"},
    "billing.tasks.expire_exports": {"queue": "default"},
    "billing.tasks.make_reports": {"queue": "default"},
    "billing.tasks.give_to_many": {"queue": "default"},
    "billing.tasks.migrate_offers": {"queue": "default"},
    "billing.tasks.carry_campaign_on": {"queue": "default"},
    "billing.tasks.carry_gestures_on": {"queue": "default"},
    "billing.tasks.hand_report_on": {"queue": "default"},
    "billing.tasks.carry_import*": {"queue": "default"},
    "billing.tasks.forget_imports": {"queue": "default"},
    "billing.tasks.*": {"queue": "money"},
    "invoices.tasks.*": {"queue": "documents"},
    "alerts.tasks.*": {"queue": "alerts"},
}
NUDGES = {
    "billing.tasks.bill_due": 10.0,
    "billing.tasks.collect_due": 10.0,
    "billing.tasks.dun_due": 30.0,
    "billing.tasks.reconcile_payments": 20.0,
    "billing.tasks.lapse_checkouts": 60.0,
    "billing.tasks.lodge_mandates": 60.0,
    "billing.tasks.read_inbox": 5.0,
    "billing.tasks.carry_clocks_on": 15.0,
    "billing.tasks.foresee_due": 300.0,
    "billing.tasks.make_exports": 10.0,
    "billing.tasks.expire_exports": 3_600.0,
    "billing.tasks.make_reports": 300.0,
    "billing.tasks.give_to_many": 10.0,
    "billing.tasks.migrate_offers": 10.0,
    "billing.tasks.carry_imports_on": 10.0,
    "billing.tasks.forget_imports": 3_600.0,
    "invoices.tasks.print_missing": 3.0,
    "invoices.tasks.clear_old": 3_600.0,
    "invoices.tasks.close_tills": 300.0,
    "alerts.tasks.relay_events": 2.0,
    "alerts.tasks.send_due": 3.0,
    "alerts.tasks.write_digests": 60.0,
}
"""Tasks and how often they are nudged, in seconds. A nudge that waited longer is worth nothing: it expires."""

app.conf.beat_schedule = {
    task: {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 10.0)}}
    for task, seconds in NUDGES.items()
}
