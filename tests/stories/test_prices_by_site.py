"""A site sells at its own price, or not at all; who signed for a price keeps it, whatever is sold to others later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from billing.flows import campaigns
from billing.flows.campaigns import Moving
from billing.pages.sold import offers_for
from billing.selectors.at_counter import sold_here
from merchants.ids import new_id
from merchants.models import Event, Offer, OfferAtSite, OfferVersion, Site
from merchants.refusals import Invalid
from merchants.selectors.offers import current_versions, terms_of
from merchants.services.catalogue.at_sites import AtSite, sell_at_sites
from merchants.services.catalogue.offers import revise_offer
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.stories.statements import World
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    found = World.on(shop, "2026-01-10")
    with tenant(shop.id):
        for name in ("Lyon", "Bron"):
            shop.made[name] = Site.objects.create(reference=new_id().hex, name=name, created_at=found.now.at)
    return found


def sell(world, offer, *sites, everywhere=True):
    with tenant(world.shop.id):
        return sell_at_sites(offer, everywhere=everywhere, sites=sites, actor=TESTER, now=world.now)


def raise_to(world, offer, amount, **terms):
    """Everybody's price, and whatever else is to be said anew."""
    with tenant(world.shop.id):
        current = current_versions([offer.pk])[offer.pk]
        said = terms_of([current])[current.pk]
        last = replace(said.stages[-1], amount=amount)
        return revise_offer(
            offer, terms=replace(said, stages=(*said.stages[:-1], last), **terms), actor=TESTER, now=world.now
        )


def prices(world, name):
    """What a site's counter shows."""
    with tenant(world.shop.id):
        found = sold_here(currency="EUR", site_id=world.shop.made[name].pk)
        return {one.offer.reference: terms_of([one])[one.pk].stages[-1].amount for one in found.values()}


def test_who_signs_at_a_site_pays_its_price_and_keeps_it(world):
    shop, lyon, bron = world.shop, world.shop.made["Lyon"], world.shop.made["Bron"]
    offer = shop.offer("sun", ("month", 1, 10_00), ("month", None, 29_90))
    sell(world, offer, AtSite(site_id=lyon.pk, amount=24_90))
    assert (prices(world, "Lyon"), prices(world, "Bron")) == ({"sun": 24_90}, {"sun": 29_90})
    here, there, web = (world.person(name) for name in ("ana", "bob", "eve"))
    ana = world.subscribe(offer, here, site=lyon)
    bob = world.subscribe(offer, there, site=bron)
    eve = world.subscribe(offer, web)
    raise_to(world, offer, 34_90)
    assert (prices(world, "Lyon"), prices(world, "Bron")) == ({"sun": 24_90}, {"sun": 34_90}), "the site's price stays"
    world.until("2026-03-10")
    for sub, amount in ((ana, "24.90"), (bob, "29.90"), (eve, "29.90")):
        assert world.statement(sub) == (
            "2026-01-10  sun          01-10..02-10           10.00\n"
            f"2026-02-10  sun          02-10..03-10           {amount}\n"
            f"2026-03-10  sun          03-10..04-10           {amount}\n"
        )


def test_a_member_of_a_site_buys_at_its_price_wherever_they_do(world):
    lyon = world.shop.made["Lyon"]
    offer = world.shop.offer("sun", ("month", None, 29_90))
    sell(world, offer, AtSite(site_id=lyon.pk, amount=0))
    sub = world.subscribe(offer, world.person("ana", site_id=lyon.pk))
    assert world.now_is(sub).managed_at_id == lyon.pk and "29.90" not in world.statement(sub)


def test_what_else_is_said_is_said_at_the_site_too(world):
    lyon = world.shop.made["Lyon"]
    offer = world.shop.offer("sun", ("month", None, 29_90))
    sell(world, offer, AtSite(site_id=lyon.pk, amount=24_90))
    raise_to(world, offer, 29_90, commitment_intervals=12)
    with tenant(world.shop.id):
        own = OfferAtSite.objects.select_related("version").get().version
        assert (own.site_id, own.commitment_intervals, own.number) == (lyon.pk, 12, 4)
        assert current_versions([offer.pk])[offer.pk].number == 3
        assert list(OfferVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]


def test_an_offer_of_some_sites_alone(world):
    lyon, bron = world.shop.made["Lyon"], world.shop.made["Bron"]
    offer = world.shop.offer("sun", ("month", None, 29_90))
    sell(world, offer, AtSite(site_id=lyon.pk), everywhere=False)
    assert (prices(world, "Lyon"), prices(world, "Bron")) == ({"sun": 29_90}, {})
    with pytest.raises(Invalid) as refusal:
        world.subscribe(offer, world.person("ana"), site=bron)
    assert [(e.field, e.code) for e in refusal.value.errors] == [("offer", "offer_not_sold_here")]
    world.subscribe(offer, world.person("bob"), site=lyon)
    sell(world, offer, AtSite(site_id=bron.pk, is_sold=False))
    assert (prices(world, "Lyon"), prices(world, "Bron")) == ({"sun": 29_90}, {})


def test_a_campaign_leaves_a_sites_price_alone_unless_its_version_is_named(world):
    lyon = world.shop.made["Lyon"]
    offer = world.shop.offer("sun", ("month", None, 29_90))
    sell(world, offer, AtSite(site_id=lyon.pk, amount=24_90))
    world.subscribe(offer, world.person("ana"), site=lyon)
    world.subscribe(offer, world.person("bob"))
    to = raise_to(world, offer, 34_90).number

    def moved(**more):
        asked = Moving(offer=offer, to=to, effect_on=date(2026, 3, 1), reason="x", test_clock_id=world.clock_id, **more)
        seen = campaigns.foresee(merchant_id=world.shop.id, moving=asked)
        return [(one.before, one.after) for _, one in seen.sample]

    assert moved() == [(29_90, 34_90)]
    assert moved(versions=(2,)) == [(24_90, 34_90)]


def test_saved_again_nothing_changes_and_taken_away_it_is_as_elsewhere(world):
    lyon = world.shop.made["Lyon"]
    offer = world.shop.offer("sun", ("month", None, 29_90))

    def told():
        with tenant(world.shop.id):
            return Event.objects.filter(kind="offer.updated").count(), OfferVersion.objects.count()

    sell(world, offer, AtSite(site_id=lyon.pk, amount=24_90))
    first = told()
    sell(world, offer, AtSite(site_id=lyon.pk, amount=24_90))
    assert told() == first == (1, 2)
    sell(world, offer)
    assert prices(world, "Lyon") == {"sun": 29_90} and told() == (2, 2)


@pytest.mark.parametrize(
    ("sites", "everywhere", "found"),
    [
        (lambda lyon: [AtSite(site_id=new_id())], True, [("sites[0].site", "not_found")]),
        (lambda lyon: [AtSite(site_id=lyon)] * 2, True, [("sites[1].site", "twice")]),
        (lambda lyon: [AtSite(site_id=lyon, amount=-1)], True, [("sites[0].amount", "out_of_range")]),
        (lambda lyon: [AtSite(site_id=lyon, is_sold=False)], False, [("sites", "sold_nowhere")]),
    ],
)
def test_what_makes_no_sense_is_refused(world, sites, everywhere, found):
    offer = world.shop.offer("sun", ("month", None, 29_90))
    with pytest.raises(Invalid) as refusal:
        sell(world, offer, *sites(world.shop.made["Lyon"].pk), everywhere=everywhere)
    assert [(e.field, e.code) for e in refusal.value.errors] == found
    with tenant(world.shop.id):
        assert Offer.objects.get().everywhere and not OfferAtSite.objects.exists()


def test_another_currency_needs_the_sites_prices_gone_first(world):
    offer = world.shop.offer("sun", ("month", None, 29_90))
    sell(world, offer, AtSite(site_id=world.shop.made["Lyon"].pk, amount=24_90))
    with pytest.raises(Invalid) as refusal:
        raise_to(world, offer, 29_90, currency="CHF")
    assert refusal.value.errors[0].code == "site_prices_in_another_currency"


def test_the_offers_a_member_may_move_to_are_their_sites_at_its_prices(world):
    shop, lyon = world.shop, world.shop.made["Lyon"]
    hifi, family = shop.offer("hifi", ("month", None, 13_00)), shop.offer("family", ("month", None, 18_00))
    away = shop.offer("away", ("month", None, 20_00))
    sell(world, hifi, AtSite(site_id=lyon.pk, amount=11_00))
    sell(world, family, AtSite(site_id=lyon.pk, amount=15_00))
    sell(world, away, AtSite(site_id=lyon.pk, is_sold=False))
    here = world.subscribe(hifi, world.person("ana"), site=lyon)
    elsewhere = world.subscribe(hifi, world.person("eve"))

    def listed(sub):
        with tenant(shop.id):
            found = [one.newest for one in offers_for(Subscription.objects.get(pk=sub.pk)).values()]
            return {one.offer.reference: terms_of([one])[one.pk].stages[-1].amount for one in found}

    assert listed(here) == {"family": 15_00}, "neither what Lyon does not sell nor what they have already"
    assert listed(elsewhere) == {"family": 18_00, "away": 20_00}
