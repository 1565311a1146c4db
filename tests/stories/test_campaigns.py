"""Subscribers moved to a dearer version of their offer: seen, told, moved each at their own renewal, taken back."""

from __future__ import annotations

from datetime import date

import pytest

from billing import runs
from billing.flows import campaign_work, campaigns, move_renewal, schedule
from billing.flows.asks import AddOption, ChangeOffer, SetQuantity
from billing.flows.campaigns import Moving
from billing.flows.cancel import Leaving, cancel
from billing.flows.purchase import WishedOption
from billing.models import Campaign, CampaignMember
from billing.selectors.campaign_answers import campaigns_shown, members_shown, with_state
from merchants.models import Event
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import ScheduledChange
from tests.stories.statements import World, rows
from tests.stories.test_usage import PER_CALL, metered, priced, use
from tests.worlds import TESTER, version_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-10")


def moving(world, offer, effect_on="2026-03-01", to=2, **more) -> Moving:
    values = {"reason": "Dearer licences", "test_clock_id": world.clock_id, **more}
    return Moving(offer=offer, to=to, effect_on=date.fromisoformat(effect_on), **values)


def begin(world, asked) -> Campaign:
    """Seen beforehand, which wrote nothing; then begun."""
    before = rows(world.shop.id)
    seen = campaigns.foresee(merchant_id=world.shop.id, moving=asked)
    assert rows(world.shop.id) == before
    campaign = campaigns.begin(merchant_id=world.shop.id, moving=asked, actor=TESTER)
    assert campaign.foreseen["moved"] == seen.moved
    return campaign


def work(world, campaign) -> None:
    """Let a worker do it, twice."""
    campaign_work.carry_on(merchant_id=world.shop.id, campaign_id=campaign.pk)
    assert campaign_work.carry_on(merchant_id=world.shop.id, campaign_id=campaign.pk) == 0


def members(world, campaign):
    with tenant(world.shop.id):
        found = with_state(CampaignMember.objects.filter(campaign=campaign)).order_by("subscription_id")
        return [
            (one["state"], one["due_on"], one["amount_before"], one["amount_after"], one["code"])
            for one in members_shown(list(found))
        ]


def test_each_is_moved_at_their_own_renewal_and_nobody_before(world):
    """29.90 becomes 34.90 from 1 March on: one ends before, one wants another offer; who has 10 % off keeps it."""
    offer, other = world.shop.offer("hifi", ("month", None, 29_90)), world.shop.offer("live", ("month", None, 10_00))
    coupon = world.shop.coupon("TEN", percent_off=10, duration="forever")
    ana = world.subscribe(offer, world.person("ana"))
    bob = world.subscribe(offer, world.person("bob"), coupons=[coupon], quantity=2)
    eve, dan = (world.subscribe(offer, world.person(name)) for name in ("eve", "dan"))
    cancel(merchant_id=world.shop.id, subscription_id=eve.pk, leaving=Leaving(), actor=TESTER)
    world.plan(dan, ChangeOffer(offer=other))
    version_of(world.shop, offer, 34_90)

    asked = moving(world, offer)
    seen = campaigns.foresee(merchant_id=world.shop.id, moving=asked)
    assert (seen.population, seen.moved) == (4, 2)
    assert {code: count for code, (_, count) in seen.left_out.items()} == {"ends_before": 1, "change_planned": 1}
    assert (seen.yearly_before, seen.yearly_after) == (12 * (29_90 + 53_82), 12 * (34_90 + 62_82))

    campaign = begin(world, asked)
    work(world, campaign)
    assert members(world, campaign) == [
        ("scheduled", "2026-03-10", 29_90, 34_90, ""),
        ("scheduled", "2026-03-10", 53_82, 62_82, ""),
        ("skipped", None, None, None, "ends_before"),
        ("skipped", None, None, None, "change_planned"),
    ]
    with tenant(world.shop.id):
        told = Event.objects.filter(kind="subscription.price_change_announced")
        assert told.count() == 2
    version_of(world.shop, offer, 39_90)  # published meanwhile: who was told 34.90 pays 34.90
    world.until("2026-04-10")
    assert [state for state, *_ in members(world, campaign)] == ["moved", "moved", "skipped", "skipped"]
    assert world.statement(ana) == (
        "2026-01-10  hifi         01-10..02-10           29.90\n"
        "2026-02-10  hifi         02-10..03-10           29.90\n"
        "2026-03-10  hifi         03-10..04-10           34.90\n"
        "2026-04-10  hifi         04-10..05-10           34.90\n"
    )
    assert world.statement(bob).count("53.82") == 2
    assert world.statement(bob).count("62.82") == 2
    assert "34.90" not in world.statement(eve, dan)


def test_a_year_that_is_paid_and_a_commitment_are_kept(world):
    """Who paid a year moves after it; who is committed for six months moves after them, unless told otherwise."""
    yearly = world.shop.offer("year", ("year", None, 299_00))
    bound = world.shop.offer("bound", ("month", None, 29_90), commitment_intervals=6)
    world.subscribe(yearly, world.person("ana"))
    world.subscribe(bound, world.person("bob"))
    version_of(world.shop, yearly, 349_00)
    version_of(world.shop, bound, 34_90)

    def due(offer, **more):
        seen = campaigns.foresee(merchant_id=world.shop.id, moving=moving(world, offer, **more))
        return [(one.due_on.isoformat(), one.before, one.after) for _, one in seen.sample]

    assert due(yearly) == [("2027-01-10", 299_00, 349_00)]
    assert due(bound) == [("2026-07-10", 29_90, 34_90)]
    assert due(bound, keep_commitment=False) == [("2026-03-10", 29_90, 34_90)]


def test_what_is_announced_is_what_is_billed(world):
    """Usage of the period that closes on the day of the move is in neither price; what is planned for it is in both."""
    calls = metered(world.shop)
    extra = world.shop.option("extra", 5_00)
    offer = world.shop.offer("api", ("month", None, 30_00, priced((calls, PER_CALL))), options=[extra])
    subs = [world.subscribe(offer, world.person(name)) for name in ("ana", "bob", "eve")]
    version_of(world.shop, offer, 60_00)
    world.until("2026-01-11")
    use(world, subs[0], calls, ("2026-01-10", "1000"))
    world.plan(subs[1], SetQuantity(quantity=3))
    world.plan(subs[2], AddOption(wished=WishedOption(option=extra)))

    asked = moving(world, offer, "2026-01-15", notice_days=0)
    seen = campaigns.foresee(merchant_id=world.shop.id, moving=asked)
    assert (seen.yearly_before, seen.yearly_after) == (12 * (30_00 + 90_00 + 35_00), 12 * (60_00 + 180_00 + 65_00))
    campaign = begin(world, asked)
    work(world, campaign)
    assert [member[1:4] for member in members(world, campaign)] == [
        ("2026-02-10", 30_00, 60_00),
        ("2026-02-10", 90_00, 180_00),
        ("2026-02-10", 35_00, 65_00),
    ]
    world.until("2026-02-10")
    assert [world.statement(sub).partition("\n")[2] for sub in subs] == [
        "2026-02-10  api, calls   01-10..02-10           12.50\n"
        "            api          02-10..03-10           60.00\n",
        "2026-02-10  api          02-10..03-10          180.00\n",
        "2026-02-10  api          02-10..03-10           60.00\n"
        "            extra        02-10..03-10            5.00\n",
    ]


@pytest.mark.parametrize(
    ("to", "due_on", "dearer"),
    [("2026-02-02", "2026-03-02", "03-02..04-02"), ("2026-02-07", "2026-02-07", "02-07..03-07")],
)
def test_a_renewal_that_is_moved_forward_moves_nobody_before_the_day_announced(world, to, due_on, dearer):
    """Told of 5 February at the earliest: what renews on 2 February renews at the old price."""
    offer = world.shop.offer("hifi", ("month", None, 30_00))
    sub = world.subscribe(offer)
    version_of(world.shop, offer, 60_00)
    campaign = begin(world, moving(world, offer, "2026-02-05", notice_days=0))
    work(world, campaign)
    asked = move_renewal.Moving(on=date.fromisoformat(to))
    act = {"merchant_id": world.shop.id, "subscription_id": sub.pk, "actor": TESTER}
    with tenant(world.shop.id):
        act_now = {"merchant": world.shop.merchant, "now": world.now}
        seen = move_renewal.foresee(world.now_is(sub), asked, **act_now)
    move_renewal.move_renewal(moving=asked, **act)
    assert seen.next_charge == (date.fromisoformat(to), 60_00 if to == due_on else 30_00)
    with tenant(world.shop.id):
        assert ScheduledChange.objects.get().due_on.isoformat() == due_on
    world.until("2026-03-05")
    statement = world.statement(sub)
    first = next(row for row in statement.splitlines() if row.endswith("60.00"))
    assert dearer in first


def test_a_worker_killed_half_way_moves_each_once_and_a_cancel_takes_planned_moves_back(world, monkeypatch):
    """The second member's transaction never ends: the next worker plans that one, and the first stays planned once."""
    offer = world.shop.offer("hifi", ("month", None, 29_90))
    subs = [world.subscribe(offer, world.person(name)) for name in ("ana", "bob", "eve")]
    version_of(world.shop, offer, 34_90)
    campaign = begin(world, moving(world, offer))
    kept, count = campaign_work._plan, []

    def killed(*args):
        count.append(1)
        kept(*args)
        if len(count) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(campaign_work, "_plan", killed)
        with pytest.raises(KeyboardInterrupt):
            campaign_work.carry_on(merchant_id=world.shop.id, campaign_id=campaign.pk)
    assert [state for state, *_ in members(world, campaign)] == ["scheduled", "waiting", "waiting"]
    assert campaign_work.carry_on(merchant_id=world.shop.id, campaign_id=campaign.pk) == 0  # it may live still
    with tenant(world.shop.id):
        Campaign.objects.filter(id=campaign.pk).update(beaten_at=None)
    assert (world.shop.id, campaign.pk) in runs.campaigns()  # other merchants' too
    work(world, campaign)
    with tenant(world.shop.id):
        assert ScheduledChange.objects.filter(kind="move_version").count() == 3
        assert Event.objects.filter(kind="subscription.price_change_announced").count() == 3

    with pytest.raises(Conflict):  # a second campaign finds nobody left
        begin(world, moving(world, offer))
    other = world.shop.offer("live", ("month", None, 10_00))
    world.plan(subs[2], ChangeOffer(offer=other))  # her own wish wins
    assert [state for state, *_ in members(world, campaign)] == ["scheduled", "scheduled", "left"]
    with pytest.raises(Conflict):  # what the merchant plans is not theirs to undo
        schedule.undo(merchant_id=world.shop.id, subscription_id=subs[0].pk, kind=None, actor=TESTER)

    campaigns.cancel(merchant_id=world.shop.id, campaign_id=campaign.pk, actor=TESTER)
    work(world, campaign)
    with tenant(world.shop.id):
        shown = campaigns_shown([Campaign.objects.select_related("to_version").get(id=campaign.pk)])[0]
    assert (shown["status"], shown["counts"]["skipped"], shown["counts"]["left"]) == ("cancelled", 2, 1)
    world.until("2026-03-10")
    assert "34.90" not in world.statement(*subs)


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"effect_on": "2026-02-08"}, "effect_on", "notice_too_short"),
        ({"to": 9}, "version", "unknown_version"),
        ({"versions": (2,)}, "population.versions", "unknown_version"),
        ({"reason": " "}, "reason", "reason_required"),
        ({"effect_on": "2029-01-01"}, "effect_on", "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused_by_field(world, more, field, code):
    offer = world.shop.offer("hifi", ("month", None, 29_90))
    version_of(world.shop, offer, 34_90)
    with pytest.raises(Invalid) as refused:
        campaigns.foresee(merchant_id=world.shop.id, moving=moving(world, offer, **more))
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
