"""A person who lived a whole life with us asks to be erased: then they stand in the documents, and nowhere else."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from django.db import connection

from alerts.models import Delivery
from alerts.services import deliver, mail
from alerts.services.relay import publish
from billing.flows import erase, expire
from billing.flows.erase import CannotErase
from billing.flows.export_making import expire as expire_file
from billing.flows.export_making import make
from billing.flows.pay import ProviderSilent
from billing.flows.person_export import write_export
from billing.gateways.base import Outcome, OutcomeKind
from billing.gateways.simulated import SimulatedGateway
from billing.models import CheckoutSession, Export, ProviderEvent
from invoices.models import Invoice, Payment
from invoices.services import balances
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.printing import print_document
from merchants.clock import instant
from merchants.models import Event, Offer
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.holdings import held
from subscribers.models import Change, PaymentMethod, PersonalValue, Subscriber, Subscription
from subscribers.selectors.past import row_at
from subscribers.services import enrolment
from tests.api.callers import Caller
from tests.apps.alerts import rooms
from tests.apps.billing.exported import asked, made, now_of
from tests.apps.invoices.bills import bill, line
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)

WHO = {
    "reference": "zyx.ref@wolkenkuckuck.example",
    "name": "Zephyrine Quetzalcoatl",
    "email": "zephyrine@wolkenkuckuck.example",
    "phone": "+33699887766",
    "company": "Quasarvelours SARL",
    "siren": "552100554",
    "vat_number": "FR96552100554",
    "line1": "77 impasse des Xylophones",
    "line2": "Escalier Zibeline",
    "postal_code": "97417",
    "city": "Saint-Denis-Farfadet",
    "metadata": {"crm": "Zephyrine-crm-4711"},
}
ADDRESS = ("line1", "line2", "postal_code", "city")
BODY = {name: value for name, value in WHO.items() if name not in ADDRESS} | {
    "address": {name: WHO[name] for name in ADDRESS}
}
MARKS = (
    "wolkenkuckuck", "Zephyrine", "zephyrine", "Quetzalcoatl", "quetzalcoatl", "699887766", "Quasarvelours",
    "quasarvelours", "552100554", "Xylophones", "Zibeline", "97417", "Farfadet", "crm-4711", "198.51.100.77",
    "Demenagement",
)  # fmt: skip
DOCUMENTS = {("invoices_invoice", "customer"), ("invoices_creditnote", "customer")}
"""Where the law has them kept."""


def places(shop: Shop) -> set[tuple[str, str]]:
    """Every column of every table of the database in which one of these texts stands, as the merchant's own rows and
    all that is nobody's."""
    found: set[tuple[str, str]] = set()
    with tenant(shop.id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.data_type IN"
            " ('text', 'character varying', 'character', 'json', 'jsonb', 'bytea', 'inet', 'ARRAY')"
        )
        columns = cursor.fetchall()
        assert {("subscribers_subscriber", "search", "text"), ("merchants_event", "data", "jsonb")} <= set(columns)
        assert {table for table, _, _ in columns} >= {model._meta.db_table for model in (Event, Delivery, Payment)}
        for table, column, kind in columns:
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            wanted = [f"%{mark}%" for mark in MARKS]
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}" WHERE {text} LIKE ANY (%s))', [wanted])
            if cursor.fetchone()[0]:
                found.add((table, column))
    return found


def marked(value: object) -> list[str]:
    """Which of the texts stand in something."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else json.dumps(value, default=str)
    return [mark for mark in MARKS if mark in text]


@pytest.fixture
def zephyrine(shop):
    """She enrolled by the API, bought on the website, paid by card, was refused once, was credited, got letters, and
    her subscription is over. A stranger of the same merchant lives on."""
    site = Caller.of(shop)
    answer = site.post("subscribers", BODY, key="enrol-4711-once")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    with tenant(shop.id):
        person = Subscriber.objects.get(reference=WHO["reference"])
    assert site.patch(f"subscribers/{made['id']}", {"address": {"city": "Demenagement-sur-Mer"}}).status_code == 200
    offer = shop.offer("hifi", ("month", None, 12_99))
    with rooms.receiver(rooms.answer(500, b"I do not like zephyrine@wolkenkuckuck.example")) as room:
        hook, _secret = rooms.endpoint(shop, room.url)
        given_up = shop.checkout(person, offer, metadata={"cart": "12"})
        expire.expire(merchant_id=shop.id, session_id=given_up.pk, actor=shop.actor)
        session = shop.checkout(person, offer)
        shop.press(session, "pm_card_chargeDeclined")
        shop.press(session)
        assert shop.look(session).status == "complete"
        with tenant(shop.id):
            CheckoutSession.objects.filter(id=session.pk).update(consented_from="198.51.100.77", consented_at=instant())
            session = CheckoutSession.objects.select_related("subscription", "invoice").get(id=session.pk)
            ProviderEvent.objects.create(
                account=shop.account, event_id="evt_1", kind="charge.failed", payment_key=str(shop.payment(session).pk),
                raw={"data": {"object": {"billing_details": {"email": WHO["email"], "name": WHO["name"]}}}},
                received_at=instant(), next_try_at=instant(), settled_at=instant(),
            )  # fmt: skip
            note = credit_invoice(
                session.invoice_id, Wanted(amount=1_00), reason="a gesture", actor=shop.actor, now=shop.now()
            )
            assert balances.balance_of(person.pk, "EUR") == 1_00
            balances.adjust(
                person.pk,
                -1_00,
                currency="EUR",
                reason="given back",
                legal_entity_id=shop.entity.pk,
                actor=shop.actor,
                now=shop.now(),
            )
        for document in (session.invoice_id, note.pk):
            print_document(merchant_id=shop.id, document_id=document)
        publish(shop.id)
        assert mail.send(shop.id) > 0
        deliver.deliver(shop.id, hook.pk)
        assert room.got and marked(room.got[0].body)
    session.person = person
    session.note = note
    return session


def end(shop: Shop, subscription_id) -> None:
    """Its paid period is over."""
    with tenant(shop.id):
        row = Subscription.objects.select_for_update().get(id=subscription_id)
        columns = {"status": "ended", "ended_at": instant(), "end_reason": "cancelled", "next_action_at": None}
        columns |= {"access": "none", "access_until": None, "access_reason": "ended"}
        history.update(row, columns, actor=shop.actor, now=shop.now(), verb="ended")


def erased(shop: Shop, person: Subscriber) -> Subscriber:
    return erase.erase(merchant_id=shop.id, subscriber_id=person.pk, actor=shop.actor, reason="asked for it")


def test_who_is_erased_stands_in_the_documents_and_nowhere_else(shop, zephyrine):
    person = zephyrine.person
    stranger = shop.enrol("stranger", name="Paul Martin", email="paul@courriel.example")
    end(shop, zephyrine.subscription_id)
    before = places(shop)
    assert before >= DOCUMENTS | {
        ("subscribers_subscriber", "email"), ("subscribers_subscriber", "search"),
        ("subscribers_personalvalue", "value"),
        ("billing_checkoutsession", "consented_from"),
        ("billing_providerevent", "raw"), ("billing_simulatedpage", "content"), ("merchants_idempotentreply", "body"),
        ("alerts_delivery", "last_answer"),
    }  # fmt: skip
    assert not {place for place in before if place[0] in ("subscribers_change", "merchants_event")}

    row = erased(shop, person)

    assert places(shop) == DOCUMENTS
    assert (row.name, row.email, row.search, row.reference) == ("", "", "", f"erased-{person.public_id}")
    with tenant(shop.id):
        invoice = Invoice.objects.get(id=zephyrine.invoice_id)
        assert invoice.customer["name"] == WHO["name"] and invoice.gross == 12_99
        assert not PersonalValue.objects.filter(subscriber=person).exists()
        assert PersonalValue.objects.filter(subscriber=stranger).count() == 3
        card = PaymentMethod.objects.get(subscriber=person)
        assert (card.last4, card.brand, card.provider_ref) == ("", "", f"erased-{card.public_id}")
        told = Change.objects.get(subject_id=person.pk, verb="erased")
        assert told.reason == "asked for it" and told.before["name"].keys() == {"personal"}
        past = row_at(row, as_of=told.effective_at.replace(microsecond=0), known_at=None)
        assert past is None or past.name == "erased"


def test_words_that_an_export_was_searched_by_go_with_whom_they_find_and_with_the_file(shop, zephyrine):
    hers = made(shop, "subscribers", filters={"q": "QUETZALCOATL zéphyrine"})
    by_phone = asked(shop, "subscribers", filters={"q": "06 99 88 77 66", "status": "active"})
    other = made(shop, "subscribers", filters={"q": "Zephyr_ne"})
    failed = asked(shop, "invoices", filters={"q": "Paul"})
    end(shop, zephyrine.subscription_id)
    erased(shop, zephyrine.person)
    assert places(shop) == DOCUMENTS
    assert now_of(shop, hers).filters == {"q": "…"}
    assert now_of(shop, by_phone).filters == {"q": "…", "status": "active"}
    assert now_of(shop, other).filters == {"q": "Zephyr_ne"}

    with tenant(shop.id):
        Export.objects.filter(id=other.pk).update(expires_at=instant())
        Export.objects.filter(id=failed.pk).update(tries=9)
    expire_file(merchant_id=shop.id, export_id=other.pk)
    make(merchant_id=shop.id, export_id=failed.pk)
    gone, failed = now_of(shop, other), now_of(shop, failed)
    assert (gone.status, gone.filters) == ("expired", {"q": "…"})
    assert (failed.status, failed.filters) == ("failed", {"q": "…"})


def test_the_event_says_who_by_id_and_nothing_else(shop, zephyrine):
    end(shop, zephyrine.subscription_id)
    erased(shop, zephyrine.person)
    publish(shop.id)
    site = Caller.of(shop)
    (event,) = site.get("events?type=subscriber.erased").json()["data"]
    told = event["data"]["object"]
    assert (told["id"], told["name"], told["email"]) == (zephyrine.person.public_id, None, None)
    assert told["reference"] == f"erased-{zephyrine.person.public_id}" and told["erased_at"]
    for each in site.get("events?limit=100").json()["data"]:
        assert marked(each) == []
    again = site.post("subscribers", BODY, key="enrol-4711-once")
    assert (again.status_code, again.json()["code"]) == (409, "subscriber_erased")
    assert marked(again.content) == []


def test_it_is_done_once_and_the_same_address_may_come_back_as_somebody_new(shop, zephyrine):
    end(shop, zephyrine.subscription_id)
    first = erased(shop, zephyrine.person)
    again = erased(shop, zephyrine.person)
    assert again.erased_at == first.erased_at
    with tenant(shop.id):
        assert Change.objects.filter(verb="erased", subject_id=first.pk).count() == 1
        assert Event.objects.filter(kind="subscriber.erased").count() == 1
    new = shop.enrol(WHO["reference"], name=WHO["name"], email=WHO["email"])
    assert new.pk != first.pk
    with pytest.raises(Conflict, match="erased"):
        shop.subscribe(first, shop.offer("lofi", ("month", None, 5_00)))


def test_what_is_under_way_is_ended_first(shop):
    lucie = shop.enrol("lucie")
    offer = shop.offer("hifi", ("month", None, 12_99))

    def refused() -> tuple[str, bool]:
        with pytest.raises(CannotErase) as refusal:
            erased(shop, lucie)
        with tenant(shop.id):
            assert Subscriber.objects.get(id=lucie.pk).name == "Lucie Garnier"
        return refusal.value.code, bool(refusal.value.way_out)

    session = shop.checkout(lucie, offer)
    assert refused() == ("purchase_open", True)
    expire.expire(merchant_id=shop.id, session_id=session.pk, actor=shop.actor)
    sold = shop.buy(lucie, offer)
    assert refused() == ("subscription_live", True)
    end(shop, sold.subscription_id)
    paul = shop.enrol("paul")
    with tenant(shop.id):
        Subscriber.objects.filter(id=paul.pk)
        enrolment.revise(paul, {"payer_id": lucie.pk}, actor=shop.actor, now=shop.now())
    assert refused() == ("pays_for_others", True)
    with tenant(shop.id):
        enrolment.revise(paul, {"payer_id": None}, actor=shop.actor, now=shop.now())
        balances.adjust(
            lucie.pk,
            3_00,
            currency="EUR",
            reason="sorry",
            legal_entity_id=shop.entity.pk,
            actor=shop.actor,
            now=shop.now(),
        )
    assert refused() == ("balance_left", True)
    with tenant(shop.id):
        balances.adjust(
            lucie.pk,
            -3_00,
            currency="EUR",
            reason="given back",
            legal_entity_id=shop.entity.pk,
            actor=shop.actor,
            now=shop.now(),
        )
    owed = bill(shop, lucie, line(9_00))
    assert refused() == ("invoice_open", True)
    with tenant(shop.id):
        credit_invoice(owed.pk, Wanted(), reason="a test", actor=shop.actor, now=shop.now())
    assert erased(shop, lucie).erased_at is not None


def test_where_the_provider_is_silent_nothing_is_erased(shop, zephyrine, monkeypatch):
    end(shop, zephyrine.subscription_id)
    monkeypatch.setattr(SimulatedGateway, "forget_customer", lambda *_, **__: Outcome(kind=OutcomeKind.UNKNOWN))
    with pytest.raises(ProviderSilent):
        erased(shop, zephyrine.person)
    with tenant(shop.id):
        assert Subscriber.objects.get(id=zephyrine.person.pk).email == WHO["email"]
        assert not Change.objects.filter(verb="erased").exists()


def test_the_export_holds_what_we_hold_and_nobody_elses(shop, zephyrine):
    shop.buy(
        shop.enrol("stranger", name="Paul Martin", email="paul@courriel.example"), zephyrine_offer(zephyrine, shop)
    )
    made = io.BytesIO()
    with tenant(shop.id):
        person = Subscriber.objects.get(id=zephyrine.person.pk)
        write_export(person, shop.merchant, made, now=shop.now())
    with zipfile.ZipFile(made) as archive:
        assert archive.testzip() is None
        found = json.loads(archive.read("data.json"))
        page = archive.read("index.html").decode()
        files = [name for name in archive.namelist() if name.startswith("documents/")]
        assert all(archive.read(name).startswith(b"%PDF") for name in files)
    assert list(found)[3:] == [each.name for each in held()]
    assert found["profile"][0]["email"] == WHO["email"] and found["profile"][0]["metadata"] == WHO["metadata"]
    cities = [change["after"].get("city") for change in found["history"] if change["what"] == "subscriber"]
    assert cities == ["Saint-Denis-Farfadet", "Demenagement-sur-Mer"]
    assert [each["total"] for each in found["invoices"]] == [12_99] and len(found["credit_notes"]) == 1
    assert [each["last4"] for each in found["payment_methods"]] == ["4242"]
    assert len(files) == 2 and found["messages"] and found["events"] and found["rights"] == []
    assert "Paul" not in json.dumps(found) + page and "paul@" not in json.dumps(found) + page
    assert "provider_ref" not in json.dumps(found) and "pi_sim" not in json.dumps(found)
    assert "<h2>Moyens de paiement</h2>" in page or "<h2>Payment methods</h2>" in page


def test_who_has_what_another_pays_for_gets_the_sums_and_not_the_payers_address(shop, zephyrine):
    anna = shop.enrol("anna", name="Anna Petit", email="anna@courriel.example")
    with tenant(shop.id):
        enrolment.revise(anna, {"payer_id": zephyrine.person.pk}, actor=shop.actor, now=shop.now())
    paid_for = shop.subscribe(anna, zephyrine_offer(zephyrine, shop))
    with tenant(shop.id):
        theirs = Invoice.objects.get(subscription=paid_for)
        assert theirs.payer_id == zephyrine.person.pk
    print_document(merchant_id=shop.id, document_id=theirs.pk)

    def exported(person: Subscriber) -> tuple[dict, list[str], str]:
        made = io.BytesIO()
        with tenant(shop.id):
            write_export(person, shop.merchant, made, now=shop.now())
        with zipfile.ZipFile(made) as archive:
            files = [name for name in archive.namelist() if name.startswith("documents/")]
            return json.loads(archive.read("data.json")), files, archive.read("index.html").decode()

    found, files, page = exported(anna)
    (told,) = found["invoices"]
    assert (told["number"], told["total"], told["customer"]) == (theirs.number, theirs.gross, None)
    assert files == [] and marked(json.dumps(found) + page) == []
    found, files, _ = exported(zephyrine.person)
    assert {each["customer"]["name"] for each in found["invoices"]} == {WHO["name"]}
    assert f"documents/{theirs.number}.pdf" in files


def zephyrine_offer(session, shop: Shop):
    with tenant(shop.id):
        return Offer.objects.get(reference="hifi")
