"""Nudges to workers after COMMIT. What must be done is a row already: a lost nudge costs seconds, nothing else."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import current_app
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def nudge(task: str, *ids: UUID) -> None:
    """Ask a worker to run `alerts.tasks.<task>` now. Call it outside any scope; with the broker away, beat will do."""
    try:
        current_app.send_task(f"alerts.tasks.{task}", args=[str(id_) for id_ in ids], queue="alerts")
    except (OperationalError, OSError) as error:
        logger.warning("No nudge to %s: the broker is away (%s); beat will pick it up.", task, type(error).__name__)
