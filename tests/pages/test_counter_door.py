"""May she come in? A yes that counts one session however often it is scanned, a no that says why and the way out."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from billing.flows import subscribe
from billing.flows.wanted import Wanted
from invoices.models import Invoice, Payment, RegisterEntry
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Event, Membership, Merchant
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Consumption, Subscriber, Subscription, Visit
from subscribers.services import enrolment, visiting
from tests.pages.counters import Tablet, present, salon, seller, tablet
from tests.races.barrier import together
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    shop = Shop.open("Soleil", locale="en")
    sessions = shop.feature("sessions", "quota")
    with tenant(shop.id):
        Merchant.objects.update(entry_feature=sessions.pk)
    shop.made["offer"] = shop.offer("liberte", ("month", None, 29_90), features={"sessions": {"quota": 2}})
    return shop


@pytest.fixture
def desk(shop) -> Tablet:
    site = salon(shop.id)
    device = tablet(shop.id, site)
    shop.made["ines"] = seller(shop.id, "Inès", sites=[site])
    device.sign_in(shop.made["ines"])
    device.client.post("/counter/till/open", {"float_amount": "100"})
    return device


def person(shop, desk, name="Léa Marchand", **columns) -> Subscriber:
    with tenant(shop.id):
        merchant = Merchant.objects.get()
        values = {"name": name, "phone": "06 39 98 55 17", **columns}
        return enrolment.enrol(values, merchant=merchant, actor=shop.actor, now=shop.now(), site_id=desk.site.pk)


@pytest.fixture
def lea(shop, desk) -> Subscriber:
    """Two sessions a month, paid."""
    found = person(shop, desk)
    wanted = Wanted(subscriber=found, offer=shop.made["offer"])
    subscribe.subscribe_now(merchant_id=shop.id, wanted=wanted, actor=shop.actor)
    return found


def page(desk, who) -> str:
    return desk.client.get(f"/counter/door/{who.public_id}").content.decode()


def enter(desk, who, key=None):
    return desk.client.post(f"/counter/door/{who.public_id}/in", {"key": str(key or new_id())})


def counted(shop) -> int:
    with tenant(shop.id):
        return sum(Consumption.objects.values_list("quantity", flat=True))


def test_yes_counts_one_session_and_says_what_is_left(shop, desk, lea):
    assert "2 sessions left" in page(desk, lea) and "Let in, 1 will be left" in page(desk, lea)
    answer = enter(desk, lea)
    after = desk.client.get(answer.headers["Location"]).content.decode()
    assert "Léa is in" in after and "1 session left" in after and "Take this visit back" in after
    with tenant(shop.id):
        visit = Visit.objects.get()
        assert (visit.site_id, visit.member.user.name) == (desk.site.pk, "Inès") and visit.consumption_id
    assert counted(shop) == 1


def test_scanned_twice_and_at_two_tablets_it_is_one_visit(shop, desk, lea):
    other = tablet(shop.id, desk.site, "Till 2")
    other.sign_in(seller(shop.id, "Paul", sites=[desk.site]))
    key = new_id()
    for client, number in ((desk, key), (desk, key), (other, new_id())):
        assert enter(client, lea, number).status_code == 302
    assert counted(shop) == 1
    with time_machine.travel(instant() + timedelta(minutes=2)):
        enter(other, lea)
    assert counted(shop) == 2


def test_two_tablets_at_the_very_same_moment_count_once(shop, desk, lea):
    def scan():
        with tenant(shop.id):
            merchant, who = Merchant.objects.get(), Subscriber.objects.get(id=lea.pk)
            door = visiting.Door(site=desk.site, device=None, member=None, actor=shop.actor)
            return visiting.let_in(who, key=new_id(), door=door, merchant=merchant, now=shop.now()).pk

    first, second = together(scan, scan)
    assert first == second and counted(shop) == 1


def test_nothing_left_is_a_no(shop, desk, lea):
    enter(desk, lea)
    with time_machine.travel(instant() + timedelta(hours=1)):
        desk.sign_in(shop.made["ines"])
        enter(desk, lea)
    with time_machine.travel(instant() + timedelta(hours=2)):
        desk.sign_in(shop.made["ines"])
        assert "All sessions of this period are used." in page(desk, lea)
        assert enter(desk, lea).status_code == 409
    assert counted(shop) == 2


def test_a_visit_is_taken_back_within_ten_minutes(shop, desk, lea):
    enter(desk, lea)
    with tenant(shop.id):
        visit = Visit.objects.get()
    desk.client.post(f"/counter/door/visits/{visit.public_id}/undo")
    desk.client.post(f"/counter/door/visits/{visit.public_id}/undo")
    assert counted(shop) == 0 and "2 sessions left" in page(desk, lea)
    enter(desk, lea)
    with tenant(shop.id):
        late = Visit.objects.get(undone_at=None)
    with time_machine.travel(instant() + timedelta(minutes=11)), tenant(shop.id), pytest.raises(Conflict) as refused:
        visiting.undo(late, actor=shop.actor, now=present())
    assert refused.value.code == "too_late" and counted(shop) == 1


def test_a_rest_between_two_entries(shop, desk, lea):
    with tenant(shop.id):
        Merchant.objects.update(entry_gap_hours=48)
    enter(desk, lea)
    with time_machine.travel(instant() + timedelta(hours=47)):
        desk.sign_in(shop.made["ines"])
        assert "The last visit is too recent" in page(desk, lea)
    with time_machine.travel(instant() + timedelta(hours=49)):
        desk.sign_in(shop.made["ines"])
        assert "Let in, 0 will be left" in page(desk, lea)


def test_who_has_nothing_is_told_so(shop, desk):
    nora = person(shop, desk, "Nora Petit")
    assert "there is no subscription" in page(desk, nora)
    assert enter(desk, nora).status_code == 409 and counted(shop) == 0


def test_overdue_money_is_taken_at_the_door(shop, desk, lea):
    with tenant(shop.id):
        invoice = Invoice.objects.get()
        lea.refresh_from_db()

        history.update(
            Subscription.objects.get(),
            {"payment_state": "overdue", "dunning": "suspend"},
            actor=shop.actor,
            now=shop.now(),
            verb="suspended",
        )
    shown = page(desk, lea)
    assert "No access: an invoice is unpaid." in shown and "Take €29.90" in shown
    sent = {"invoice": invoice.public_id, "means": "cash", "seen": "2990", "key": str(new_id())}
    for _ in range(2):
        assert desk.client.post(f"/counter/door/{lea.public_id}/pay", sent).status_code == 302
    seen = page(desk, lea)
    assert "Paid: invoice" in seen and "The sum has changed" not in seen, "a second touch is the first again"
    with tenant(shop.id):
        assert Invoice.objects.get().status == "paid"
        assert RegisterEntry.objects.filter(kind="received").count() == 1


@pytest.mark.parametrize(("days", "asked"), [(14, False), (16, True)])
def test_money_is_asked_for_from_the_day_after_it_was_due(shop, desk, lea, days, asked):
    with tenant(shop.id):
        Merchant.objects.update(payment_terms_days=15)
        later = person(shop, desk, "Bea")
    subscribe.subscribe_now(
        merchant_id=shop.id, wanted=Wanted(subscriber=later, offer=shop.made["offer"]), actor=shop.actor
    )
    with time_machine.travel(instant() + timedelta(days=days)):
        desk.sign_in(shop.made["ines"])
        assert ("unpaid since" in page(desk, later)) is asked


def test_nothing_is_asked_for_while_money_is_on_its_way(shop, desk, lea):
    with tenant(shop.id):
        invoice = Invoice.objects.get()
        history.update(
            Subscription.objects.get(),
            {"payment_state": "overdue", "dunning": "suspend"},
            actor=shop.actor,
            now=shop.now(),
            verb="suspended",
        )
        Payment.objects.create(
            payer=lea,
            invoice=invoice,
            account=shop.account,
            amount=29_90,
            currency="EUR",
            status="processing",
            means="sepa_debit",
            created_at=instant(),
        )
    assert "Take €" not in page(desk, lea)


def test_a_manager_lets_in_in_spite_of_a_no(shop, desk):
    nora = person(shop, desk, "Nora Petit")
    boss, clerk = seller(shop.id, "Mona", role="admin"), seller(shop.id, "Ali", sites=[desk.site])
    address = f"/counter/door/{nora.public_id}/override"
    sent = {"member": boss.public_id, "pin": "4711", "reason": "first try", "key": str(new_id())}
    assert "Mona" in page(desk, nora) and "Ali" not in page(desk, nora)
    for wrong in ({"pin": "0000"}, {"reason": ""}, {"member": clerk.public_id}):
        assert desk.client.post(address, {**sent, **wrong}).status_code == 422
    with tenant(shop.id):
        assert Visit.objects.count() == 0
    assert desk.client.post(address, sent).status_code == 302
    with tenant(shop.id):
        visit = Visit.objects.get()
        assert (visit.reason, visit.allowed_by_id, visit.consumption_id) == ("first try", boss.pk, None)
        assert Membership.objects.get(id=boss.pk).pin_failures == 0


def test_a_card_is_scanned(shop, desk, lea):
    with tenant(shop.id):
        card = visiting.card_of(lea, now=shop.now())
        again = visiting.card_of(lea, now=shop.now())
    assert card.pk == again.pk
    answer = desk.client.get("/counter/door", {"q": card.code.lower()})
    assert answer.headers["Location"] == f"/counter/door/{lea.public_id}"
    with tenant(shop.id):
        first = visiting.replace_card(lea, card, actor=shop.actor, now=shop.now())
        second = visiting.replace_card(lea, card, actor=shop.actor, now=shop.now())
        told = Event.objects.filter(kind="member_card.replaced")
        assert first.pk == second.pk != card.pk and told.count() == 1 and card.code not in str(told.get().data)
    assert "Nobody known here" in desk.client.get("/counter/door", {"q": card.code}).content.decode(), "lost"


def test_a_member_of_another_site_is_let_in_where_sites_share_them(shop, desk, lea):
    paris = salon(shop.id, "Paris")
    there = tablet(shop.id, paris)
    there.sign_in(seller(shop.id, "Zoé", sites=[paris]))
    assert there.client.get(f"/counter/door/{lea.public_id}").status_code == 404
    with tenant(shop.id):
        Merchant.objects.update(shares_members=True)
    assert "2 sessions left" in page(there, lea)


def test_overruled_too_soon_still_counts_the_session_that_is_there(shop, desk, lea):
    with tenant(shop.id):
        Merchant.objects.update(entry_gap_hours=48)
    boss = seller(shop.id, "Mona", role="admin")
    enter(desk, lea)
    with time_machine.travel(instant() + timedelta(hours=3)):
        desk.sign_in(shop.made["ines"])
        sent = {"member": boss.public_id, "pin": "4711", "reason": "the sun bed failed", "key": str(new_id())}
        assert desk.client.post(f"/counter/door/{lea.public_id}/override", sent).status_code == 302
    assert counted(shop) == 2


def test_scanned_again_at_once_she_is_in_and_the_visit_is_still_taken_back(shop, desk, lea):
    enter(desk, lea)
    with time_machine.travel(instant() + timedelta(hours=1)) as clock:
        desk.sign_in(shop.made["ines"])
        enter(desk, lea)
        clock.shift(timedelta(seconds=20))
        again = page(desk, lea)
        assert "Léa is in" in again and 'data-state="good"' in again, "the last session, scanned again"
        clock.shift(timedelta(minutes=5))
        later = page(desk, lea)
        assert "All sessions of this period are used." in later and "Take the visit of" in later


def test_a_scan_is_one_persons(shop, desk, lea):
    bruno, key = person(shop, desk, "Bruno Teixeira"), new_id()
    enter(desk, lea, key)
    assert enter(desk, bruno, key).status_code == 409 and counted(shop) == 1


def test_the_cards_of_who_has_no_site_and_of_who_has_another(shop, desk, lea):
    nowhere = shop.enrol("online", name="Nora Petit")
    with tenant(shop.id):
        here, there = visiting.card_of(nowhere, now=shop.now()), visiting.card_of(lea, now=shop.now())
    found = desk.client.get("/counter/door", {"q": here.code}, follow=True).content.decode()
    assert "Nora Petit" in found
    paris = salon(shop.id, "Paris")
    other = tablet(shop.id, paris)
    other.sign_in(seller(shop.id, "Zoé", sites=[paris]))
    told = other.client.get("/counter/door", {"q": there.code}).content.decode()
    assert "A member of Lyon Part-Dieu" in told and "Léa" not in told
