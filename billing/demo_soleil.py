"""The demo merchant *Soleil*: twelve tanning salons, their staff with PINs, a tablet each; a year of people who were
enrolled at a counter and pay there by the month; and this morning, rung up in two tills. By the product's own flows.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from billing.demo import ACTOR
from billing.demo_papers import CREDITOR, ask_for_signatures, signed_mandate
from billing.demo_people import FIRST, LAST
from billing.demo_year import beginning, bring, carry, clock_of, print_later
from billing.flows import clocks, enrol, subscribe
from billing.flows.enrol import Place, Walkin
from billing.flows.purchase import WishedOption
from billing.flows.take_payment import take
from billing.flows.wanted import Wanted
from invoices.models import Invoice
from invoices.services import tills
from invoices.services.register import Clerk
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.ids import new_id, show
from merchants.models import Device, Feature, LegalEntity, Membership, Merchant, Offer, Option, Site, TestClock
from merchants.now import Now
from merchants.selectors.clocks import now_for
from merchants.services import devices, entities, pins
from merchants.services.catalogue.at_sites import AtSite, sell_at_sites
from merchants.services.catalogue.features import create_feature
from merchants.services.catalogue.offers import create_offer
from merchants.services.catalogue.options import create_option
from merchants.services.taxes import french_tax_table
from merchants.tenancy.scope import tenant
from merchants.terms import FeatureTerm, ListedOption, OfferTerms, OptionTerms, PriceTerm, StageTerm
from subscribers.models import Subscriber
from subscribers.services import enrolment, visiting
from subscribers.services.visiting import Door

PIN = "4711"
"""Of everybody at the demo's counters: a demo has no secrets."""
CODE = "SOLEIL"
"""A salon's pairing code is this and its number: SOLEIL01. Good until it is used."""
SALONS = (
    ("Lyon Part-Dieu", "Lyon"), ("Lyon Croix-Rousse", "Lyon"), ("Villeurbanne", "Villeurbanne"),
    ("Paris Bastille", "Paris"), ("Paris Ternes", "Paris"), ("Nantes", "Nantes"), ("Rennes", "Rennes"),
    ("Lille", "Lille"), ("Bordeaux", "Bordeaux"), ("Marseille", "Marseille"), ("Grenoble", "Grenoble"),
    ("Strasbourg", "Strasbourg"),
)  # fmt: skip
STAFF = ("Inès", "Malo", "Nadia", "Hugo", "Salomé", "Karim", "Jeanne", "Victor", "Margaux", "Idriss", "Chloé", "Yann")
A_SALON = 6
"""How many of each salon's people join in the year."""
Say = Callable[[str], None]


def furnish(merchant: Merchant, *, now: Now) -> None:
    """Identity, catalogue, salons, staff and tablets, in the open scope; what is there already stays."""
    if LegalEntity.objects.exists():
        return
    sessions = _catalogue(now)
    merchant.brand_color, merchant.website = "#A8431B", "https://soleil.example"
    merchant.support_email, merchant.entry_feature = "bonjour@soleil.example", sessions.pk
    merchant.gesture_limits = [{"role": "counter", "one": 10_00, "month": 20_00, "batch": None}]
    merchant.save()
    entity = LegalEntity.objects.create(
        name="Soleil",
        legal_form="SAS",
        capital="80 000 €",
        registry="RCS Lyon 732 829 320",
        siren="732829320",
        vat_number="FR44732829320",
        line1="8 place Guichard",
        postal_code="69003",
        city="Lyon",
        email="factures@soleil.example",
        number_format="SO-{year}-{number:06d}",
        creditor_identifier=CREDITOR,
        is_default=True,
        created_at=now.at,
    )
    french_tax_table(entity)
    boss = Membership.objects.filter(role="owner", removed_at=None).first()
    assert boss is not None  # who opened the merchant
    for number, (name, city) in enumerate(SALONS, start=1):
        site = entities.create_site(
            reference=f"S{number:02}", name=f"Soleil {name}", city=city, code=f"S{number:02}", actor=ACTOR, now=now
        )
        for at in (number - 1, number % len(STAFF)):
            member = pins.hire(name=STAFF[at], role="counter", sites=[site], by=boss, now=now)
            pins.set_pin(member, PIN, actor=ACTOR, now=now)
        chief = pins.hire(name=f"{LAST[number]}, responsable", role="support", sites=[site], by=boss, now=now)
        pins.set_pin(chief, PIN, actor=ACTOR, now=now)
        _tablet(site, number, now)
    paris = [
        AtSite(site_id=key, amount=34_90) for key in Site.objects.filter(city="Paris").values_list("id", flat=True)
    ]
    sell_at_sites(Offer.objects.get(reference="liberte"), everywhere=True, sites=paris, actor=ACTOR, now=now)


def _tablet(site: Site, number: int, now: Now) -> None:
    """A tablet that waits for a code that everybody knows: only a demo has one."""
    made = devices.register(site=site, name="Caisse 1", by=None, actor=ACTOR, now=now).device
    made.code_digest = sha256(f"{CODE}{number:02}".encode()).digest()
    made.code_expires_at = datetime(2100, 1, 1, tzinfo=UTC)
    made.save(update_fields=["code_digest", "code_expires_at"])


def _catalogue(now: Now) -> Feature:
    sessions = create_feature(
        reference="sessions", kind="quota", title={"en": "Sessions", "fr": "Séances"}, actor=ACTOR, now=now
    )
    collagen = create_option(
        reference="collagen",
        terms=OptionTerms(
            title={"en": "Collagen", "fr": "Collagène"},
            currency="EUR",
            prices=(PriceTerm(interval="month", amount=9_90),),
        ),
        actor=ACTOR,
        now=now,
    )
    extras = [collagen] + [
        create_option(
            reference=reference,
            terms=OptionTerms(title={"en": english, "fr": french}, currency="EUR", one_off_amount=amount),
            actor=ACTOR,
            now=now,
        )
        for reference, english, french, amount in (
            ("goggles", "Goggles", "Lunettes", 5_00),
            ("cream", "Cream", "Crème", 12_50),
        )
    ]
    for reference, title, amount, quota, commitment in (
        ("liberte", "Liberté", 29_90, 8, 0),
        ("fidelite", "Fidélité", 24_90, 8, 12),
        ("illimite", "Illimité", 44_90, None, 12),
    ):
        stage = StageTerm(interval="month", amount=amount, features=(FeatureTerm(feature=sessions.pk, quota=quota),))
        create_offer(
            reference=reference,
            terms=OfferTerms(
                title={"en": title, "fr": title},
                currency="EUR",
                tax_behavior="inclusive",
                tax_code="on_site",
                commitment_intervals=commitment,
                stages=(stage,),
                options=tuple(ListedOption(option=option.pk) for option in extras),
            ),
            actor=ACTOR,
            now=now,
        )
    return sessions


def live_a_year(merchant_id: UUID, *, say: Say) -> Counter[str]:
    """Month by month: people join at their salon, and pay at the counter what they owe. Then the clock is released, and
    this morning is rung up. Started again after it was stopped, it goes on where the clock stands."""
    clock = clock_of(merchant_id, 365)
    if clock.status == TestClock.Status.RELEASED:
        return Counter()
    done: Counter[str] = Counter()
    for month in range(12):
        at = beginning() + timedelta(days=month * 30, hours=10)
        bring(merchant_id, clock.pk, at)
        done["joins"] += sum(_join(merchant_id, clock.pk, number) for number in _joining(month))
        done["payments by hand"] += _pay(merchant_id, month)
        if month % 3 == 2:
            say(f"Soleil, {at:%B %Y}: {sum(done.values())} acts")
    bring(merchant_id, clock.pk, instant() - timedelta(minutes=1))
    done["payments by hand"] += _pay(merchant_id, 12)
    clocks.release(merchant_id=merchant_id, clock_id=clock.pk, actor=ACTOR)
    carry(merchant_id, clock.pk)
    print_later(merchant_id)
    done["this morning"] += sum(_morning(merchant_id, number) for number in (1, 7))
    with tenant(merchant_id):
        ask_for_signatures(now_for(Merchant.objects.get()))
    return done


def _joining(month: int) -> list[int]:
    """Numbers of those who join in a month: half a salon's people each."""
    return [number for number in range(len(SALONS) * A_SALON) if number % 12 == month]


def _join(merchant_id: UUID, clock_id: UUID, number: int) -> int:
    chance = random.Random(number)  # noqa: S311 - the same people every time, nothing secret
    with tenant(merchant_id):
        reference = f"soleil-{1000 + number}"
        if Subscriber.objects.filter(reference=reference).exists():
            return 0
        merchant, site = Merchant.objects.get(), Site.objects.order_by("reference")[number // A_SALON]
        seller = pins.staff_of(site.pk).filter(role="counter")[number % 2]
        now = now_for(merchant, clock_id)
        name = f"{chance.choice(FIRST)} {chance.choice(LAST)}".replace("·", " ")
        person = enrolment.enrol(
            {
                "reference": reference,
                "name": name,
                "phone": f"06 39 98 {chance.randrange(100):02} {chance.randrange(100):02}",
                "locale": "fr",
                "country": "FR",
            },
            merchant=merchant,
            actor=_actor(seller),
            now=now,
            site_id=site.pk,
            test_clock_id=clock_id,
        )
        offer = Offer.objects.get(reference=chance.choice(("liberte", "liberte", "fidelite", "illimite")))
        options = list(Option.objects.filter(reference="collagen")) if chance.random() < 0.3 else []
        wanted = Wanted(
            subscriber=person,
            offer=offer,
            options=[WishedOption(option=option) for option in options],
            collection="manual",
            site=site,
            sold_by=seller,
        )
        actor = _actor(seller)
    subscribe.subscribe_now(merchant_id=merchant_id, wanted=wanted, actor=actor)
    return 1


def _pay(merchant_id: UUID, month: int) -> int:
    """Everybody pays at the counter what they owe; one in thirty lets it wait for a month."""
    with tenant(merchant_id):
        rows = Invoice.objects.filter(status=Invoice.Status.OPEN).select_related("payer__site").order_by("id")
        owed = [(row.pk, row.amount_due, row.payer.site) for row in rows]
        seller = Membership.objects.filter(role="counter").select_related("user").first()
    assert seller is not None  # furnished
    for at, (invoice_id, due, site) in enumerate(owed):
        if (at + month) % 30 == 29:
            continue
        means = ("terminal", "cash", "terminal", "cheque")[(at + month) % 4]
        take(merchant_id=merchant_id, invoice_id=invoice_id, means=means, amount=due, actor=_actor(seller), site=site)
    return len(owed)


def _morning(merchant_id: UUID, number: int) -> int:
    """A till opened today with a float, three walk-ins rung up in it, and three visits of people who joined before."""
    with tenant(merchant_id):
        site = Site.objects.get(reference=f"S{number:02}")
        device = Device.objects.select_related("site").get(site=site)
        seller = pins.staff_of(site.pk).filter(role="counter")[0]
        merchant = Merchant.objects.get()
        now, actor = now_for(merchant), _actor(seller)
        tills.open_session(clerk=Clerk(member=seller, device=device, actor=actor), float_amount=100_00, now=now)
        place = Place(site=site, device=device, member=seller, actor=actor)
        offer = Offer.objects.get(reference="liberte")
    for at, (means, tendered) in enumerate((("cash", 50_00), ("terminal", None), ("sepa", None))):
        person = random.Random(9_000 + number * 10 + at)  # noqa: S311 - the same people every time
        name = f"{person.choice(FIRST)} {person.choice(LAST)}".replace("·", " ")
        client_id = new_id()
        with tenant(merchant_id):
            signed = signed_mandate(client_id, name, site, now) if means == "sepa" else (None, [])
        walkin = Walkin(
            client_id=client_id,
            profile={"name": name, "phone": f"06 39 98 {number:02} {at:02}"},
            offer=offer,
            means=means,
            later="sepa" if means == "sepa" else "counter",
            seen=29_90,
            tendered=tendered,
            account=signed[0],
            papers=signed[1],
            seconds=31 + at,
            touches=9,
        )
        enrol.enrol(merchant_id=merchant_id, walkin=walkin, place=place)
    with tenant(merchant_id):
        door = Door(site=site, device=device, member=seller, actor=actor)
        for person_row in Subscriber.objects.filter(site=site, test_clock__isnull=False).order_by("id")[:3]:
            if visiting.ask(person_row, site_id=site.pk, merchant=merchant, now=now).answer.yes:
                visiting.let_in(person_row, key=new_id(), door=door, merchant=merchant, now=now)
    return 3


def _actor(member: Membership) -> Actor:
    return Actor(kind=ActorKind.member, id=show("usr", member.user_id), label=member.user.name, channel=Channel.counter)
