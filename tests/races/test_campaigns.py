"""Workers of one campaign at the same moment, and who cancels it: each member is planned for once, or not at all."""

from __future__ import annotations

from datetime import date

import pytest

from billing.flows import campaign_work, campaigns
from billing.flows.campaigns import Moving
from billing.models import Campaign, CampaignMember
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import ScheduledChange
from tests.races.barrier import together
from tests.stories.statements import World
from tests.worlds import TESTER, version_of

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("ana", "bob", "eve", "dan")


@pytest.fixture
def campaign(shop):
    world = World.on(shop, "2026-01-10")
    offer = shop.offer("hifi", ("month", None, 29_90))
    for name in NAMES:
        shop.subscribe(world.person(name, card=None), offer)
    version_of(shop, offer, 34_90)
    asked = Moving(
        offer=offer, to=2, effect_on=date(2026, 3, 1), reason="Dearer licences", test_clock_id=world.clock_id
    )
    return campaigns.begin(merchant_id=shop.id, moving=asked, actor=TESTER)


def test_two_workers_at_once_plan_and_tell_each_once(shop, campaign):
    def work() -> int:
        with tenant(shop.id):
            Campaign.objects.filter(id=campaign.pk).update(beaten_at=None)  # as if the other were gone
        return campaign_work.carry_on(merchant_id=shop.id, campaign_id=campaign.pk)

    together(work, work)
    work()
    with tenant(shop.id):
        assert Campaign.objects.get().status == "announced"
        assert set(CampaignMember.objects.values_list("status", "code")) == {("scheduled", "")}
        assert ScheduledChange.objects.count() == len(NAMES)
        assert Event.objects.filter(kind="subscription.price_change_announced").count() == len(NAMES)


def test_cancelled_while_it_is_planned_no_move_is_left(shop, campaign):
    act = {"merchant_id": shop.id, "campaign_id": campaign.pk}
    _, cancelled = together(lambda: campaign_work.carry_on(**act), lambda: campaigns.cancel(actor=TESTER, **act))
    assert isinstance(cancelled, Campaign), cancelled
    campaign_work.carry_on(**act)
    with tenant(shop.id):
        assert Campaign.objects.get().status == "cancelled"
        assert set(CampaignMember.objects.values_list("status", "code")) == {("skipped", "campaign_cancelled")}
        assert not ScheduledChange.objects.filter(status="waiting").exists()
