"""People who never bought are forgotten three years after we last heard of them; whoever bought is not."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import call_command

from merchants.clock import instant
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber
from subscribers.services import enrolment

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO, LATELY = timedelta(days=3 * 366), timedelta(days=3 * 365 - 5)


def enrolled(shop, reference: str, ago: timedelta) -> Subscriber:
    """Somebody who gave their name so long ago."""
    now = Now(at=instant() - ago, zone=shop.merchant.timezone)
    with tenant(shop.id):
        known = {
            "name": f"{reference.title()} Martin",
            "reference": reference,
            "email": f"{reference}@courriel.example",
        }
        return enrolment.enrol(known, merchant=shop.merchant, actor=shop.actor, now=now)


def run(shop, **options) -> str:
    said = io.StringIO()
    call_command("apply_retention", merchant=shop.merchant.public_id, stdout=said, **options)
    return said.getvalue().strip().removeprefix(f"{shop.merchant.public_id}: ")


def names(shop) -> list[str]:
    with tenant(shop.id):
        return sorted(Subscriber.objects.exclude(name="").values_list("name", flat=True))


def test_prospects_are_erased_after_three_years_without_a_word(shop, another_shop):
    old = enrolled(shop, "old", LONG_AGO)
    enrolled(shop, "young", LATELY)
    heard = enrolled(shop, "heard", LONG_AGO)
    buyer = enrolled(shop, "buyer", LONG_AGO)
    enrolled(another_shop, "elsewhere", LONG_AGO)
    with tenant(shop.id):
        enrolment.revise(heard, {"phone": "+33612345678"}, actor=shop.actor, now=shop.now())
    shop.buy(buyer, shop.offer("hifi", ("month", None, 12_99)))
    everybody = ["Buyer Martin", "Heard Martin", "Old Martin", "Young Martin"]

    assert run(shop, dry_run=True) == "1 prospects due"
    assert names(shop) == everybody
    assert run(shop) == "1 of 1 prospects erased"
    assert names(shop) == [name for name in everybody if name != "Old Martin"]
    assert run(shop) == "0 of 0 prospects erased"
    assert names(another_shop) == ["Elsewhere Martin"]
    with tenant(shop.id):
        told = Change.objects.get(subject_id=old.pk, verb="erased")
    assert (told.actor_kind, told.actor_label, told.reason) == ("system", "retention", "no contact for three years")
