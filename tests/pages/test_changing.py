"""The dialogs that change a subscription: what they say before, what they do and refuse, what can be taken back."""

from __future__ import annotations

import re

import pytest

from billing.flows import schedule
from billing.flows.asks import SetQuantity
from billing.models import Charge, CheckoutSession
from invoices.models import CreditNote, Invoice
from merchants.ids import show
from merchants.tenancy.scope import tenant
from subscribers.models import Change, ScheduledChange, Subscription, SubscriptionOption
from tests.pages.subscribers_at import Desk, words
from tests.stories.statements import rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(shop):
    return Desk.at(shop, role="support")


@pytest.fixture
def sub(shop):
    """Camille has Hifi with one device, paid today; Family and Basic are sold too."""
    shop.feature("profiles", "quota")
    device = shop.option("Device", 2_00)
    hifi = shop.offer("Hifi", ("month", None, 13_00), options=[device], features={"profiles": {"quota": 6}})
    shop.offer("Family", ("month", None, 18_00), options=[device], features={"profiles": {"quota": 1}})
    shop.offer("Basic", ("month", None, 7_00))
    shop.offer("Yearly", ("year", None, 120_00))
    return shop.buy(shop.enrol("camille", name="Camille Morel"), hifi, options=[device]).subscription


def offer_id(desk, sub, title):
    page = desk.get("subscription-offer", subscription=sub.public_id).content.decode()
    return re.search(rf'value="(off_\w+)"[^>]*><b>{title}</b>', page)[1]


def post(desk, name, sub, **values):
    return desk.client.post(desk.url(name, subscription=sub.public_id), values)


def test_another_offer_is_shown_line_by_line_and_then_done(shop, desk, sub):
    family = offer_id(desk, sub, "Family")
    before = rows(shop.id)
    query = f"?offer={family}&terms_of={family}&quantity=1&when=&reason="
    seen = words(desk.get("subscription-offer", query, subscription=sub.public_id, fragment=True).content)
    assert re.search(r"Family 18\.00, \d.* €18\.00 Invoice of which VAT €3\.00 €18\.00 Given back: Hifi", seen)
    assert "Credit note on" in seen and "−€15.00" in seen
    assert "To pay now €3.00" in seen
    assert "Then" in seen and "€18.00" in seen
    assert "profiles, less" in seen and "Device ends" in seen
    assert rows(shop.id) == before
    answer = post(desk, "subscription-offer", sub, offer=family, terms_of=family, quantity=1, reason="a family now")
    assert answer.status_code == 302
    with tenant(shop.id):
        assert Subscription.objects.get().offer_version.title["en"] == "Family"
        assert (CreditNote.objects.get().gross, CreditNote.objects.get().reason) == (15_00, "a family now")
        assert Change.objects.get(subject_id=sub.pk, verb="changed").actor_label == "Julie Renaud"


def test_it_may_be_billed_with_the_next_invoice(shop, desk, sub):
    query = "?quantity=2&when=now&waits=on&reason="
    seen = words(desk.get("subscription-quantity", query, subscription=sub.public_id, fragment=True).content)
    assert "On the next invoice of which VAT €4.33 €26.00" in seen and "To pay now €0.00" in seen
    assert post(desk, "subscription-quantity", sub, quantity=2, when="now", waits="on", reason="").status_code == 302
    with tenant(shop.id):
        assert (Invoice.objects.count(), Charge.objects.get().amount) == (1, 26_00)


def test_it_may_wait_for_its_payment(shop, desk, sub):
    family = offer_id(desk, sub, "Family")
    query = f"?offer={family}&terms_of={family}&quantity=1&when=&paid_first=on&reason="
    seen = words(desk.get("subscription-offer", query, subscription=sub.public_id, fragment=True).content)
    assert "All this happens once €3.00 is paid on the form." in seen
    asked = {"offer": family, "terms_of": family, "quantity": 1, "paid_first": "on", "reason": "a family now"}
    answer = post(desk, "subscription-offer", sub, **asked)
    assert answer.status_code == 302
    subscriber = show("cus", sub.subscriber_id)
    coming = desk.get("subscriber-coming", subscriber=subscriber, fragment=True).content.decode()
    link = re.search(r'href="([^"]+)">Payment form</a>', coming)[1]
    assert "Family is changed once this is paid" in coming and "€3.00" in coming
    form = words(desk.client.get(link).content)
    assert "Family 18,00 €, rendu et compte" in form and "demande la modification immédiate" in form
    assert "Votre abonnement change dès que ceci est payé." in form and "rendu et compte −15,00 €" in form
    dialog = words(desk.get("subscription-unplan", "?kind=paid_first", subscription=sub.public_id).content)
    assert "Family is changed once this is paid" in dialog
    assert post(desk, "subscription-unplan", sub, kind="paid_first").status_code == 302
    assert "Payment form" not in desk.get("subscriber-coming", subscriber=subscriber, fragment=True).content.decode()
    with tenant(shop.id):
        assert CheckoutSession.objects.get(asked__isnull=False).status == "expired"
        assert (Subscription.objects.get().offer_version.title["en"], Invoice.objects.count()) == ("Hifi", 1)


def test_a_cheaper_one_waits_is_shown_and_can_be_taken_back(shop, desk, sub):
    basic = offer_id(desk, sub, "Basic")
    assert post(desk, "subscription-offer", sub, offer=basic, quantity=1, when="", reason="x").status_code == 302
    with tenant(shop.id):
        assert ScheduledChange.objects.get().status == "waiting" and not CreditNote.objects.exists()
        person = sub.subscriber.public_id
    coming = desk.get("subscriber-coming", subscriber=person, fragment=True).content.decode()
    assert "Moves to Basic" in coming and "unplan?kind=change_offer" in coming
    reader = Desk.at(shop, role="read_only")
    assert "unplan" not in reader.get("subscriber-coming", subscriber=person, fragment=True).content.decode()
    said = desk.text("subscription-unplan", "?kind=change_offer", subscription=sub.public_id)
    assert "Moves to Basic" in said
    assert post(desk, "subscription-unplan", sub, kind="change_offer").status_code == 302
    with tenant(shop.id):
        assert ScheduledChange.objects.get().status == "revoked"
    again = desk.client.post(
        desk.url("subscription-unplan", subscription=sub.public_id), {"kind": "nonsense"}, follow=True
    )
    assert "Nothing of this kind is planned." in words(again.content)


def test_quantity_and_options(shop, desk, sub):
    assert post(desk, "subscription-quantity", sub, quantity=3, when="").status_code == 302
    page = desk.get("subscription-option", subscription=sub.public_id).content.decode()
    device = re.search(r'value="(opt_\w+)"', page)[1]
    assert "€2.00 a month" in words(page.encode())
    assert post(desk, "subscription-option", sub, option=device, quantity=2, when="now").status_code == 302
    page = desk.get("subscription-without", subscription=sub.public_id).content.decode()
    own = re.search(r'name="option" value="([0-9a-f-]{36})"', page)[1]
    assert "Device × 2" in words(page.encode())
    assert post(desk, "subscription-without", sub, option=own, when="period_end").status_code == 302
    with tenant(shop.id):
        assert Subscription.objects.get().quantity == 3
        assert SubscriptionOption.objects.get(ends_on=None).quantity == 2
        assert ScheduledChange.objects.get(status="waiting").kind == "remove_option"
        assert Invoice.objects.count() == 3


def test_an_option_is_given_by_who_may(shop, desk, sub):
    page = desk.get("subscription-option", subscription=sub.public_id).content.decode()
    device = re.search(r'value="(opt_\w+)"', page)[1]
    assert "Give it free of charge" in words(page.encode())
    gift = {"option": device, "quantity": 1, "when": "now", "complimentary": "on", "periods": 2}
    refused = post(desk, "subscription-option", sub, **gift, reason="")
    assert refused.status_code == 422 and "Say why it is given." in words(refused.content)
    with tenant(shop.id):
        before = Invoice.objects.count()
    assert post(desk, "subscription-option", sub, **gift, reason="the outage").status_code == 302
    with tenant(shop.id):
        held = SubscriptionOption.objects.get(complimentary=True)
        assert (held.reason, held.periods, Invoice.objects.count()) == ("the outage", 2, before)


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_written(shop, desk, sub):
    before = rows(shop.id)
    answer = post(desk, "subscription-offer", sub, quantity=1)
    assert answer.status_code == 422 and "Choose an offer." in words(answer.content)
    answer = post(desk, "subscription-quantity", sub, quantity=1, when="now")
    assert answer.status_code == 422 and "has that already" in words(answer.content)
    answer = post(desk, "subscription-quantity", sub, quantity=0)
    assert answer.status_code == 422
    assert post(desk, "subscription-option", sub, option="opt_nothing", quantity=1).status_code == 422
    assert rows(shop.id) == before


def test_who_only_reads_may_not(shop, sub):
    for role in ("read_only", "accountant", "counter"):
        desk = Desk.at(shop, role=role)
        page = desk.get("subscriber", subscriber=show("cus", sub.subscriber_id)).content.decode()
        assert not re.search(r'hx-get="[^"]*/subscriptions/', page)
        for name in ("offer", "quantity", "option", "without", "unplan"):
            assert post(desk, f"subscription-{name}", sub, quantity=5).status_code == 403
    with tenant(shop.id):
        assert Subscription.objects.get().quantity == 1


def test_in_french(shop, sub):
    desk = Desk.at(shop, role="support", locale="fr")
    schedule.schedule(
        merchant_id=shop.id, subscription_id=sub.pk, ask=SetQuantity(quantity=2), actor=TESTER, reason="plus tard"
    )
    said = desk.text("subscription-offer", subscription=sub.public_id)
    assert "Changer d’offre" in said and "Nouvelle offre" in said and "Motif" in said
    with tenant(shop.id):
        wish = ScheduledChange.objects.get()
        assert Change.objects.get(subject_id=wish.pk).reason == "plus tard"


def test_coupons_by_code_with_another_offer(shop, desk, sub):
    family, half = offer_id(desk, sub, "Family"), shop.coupon("HALF", percent_off=50, duration="forever")
    shop.coupon("OVER", percent_off=50, duration="forever", valid_until=shop.now().at)
    query = f"?offer={family}&terms_of={family}&quantity=1&when=period_end&reason=&coupons="
    said = {
        code: words(desk.get("subscription-offer", query + code, subscription=sub.public_id, fragment=True).content)
        for code in ("nope", "over", "half,half", " half ")
    }
    assert "We do not know this code. nope" in said["nope"]
    assert "This coupon is over." in said["over"] and "Named twice." in said["half,half"]
    assert "€9.00" in said[" half "]
    asked = {"offer": family, "terms_of": family, "quantity": 1, "when": "period_end", "reason": "back again"}
    refused = post(desk, "subscription-offer", sub, **asked, coupons="over")
    assert refused.status_code == 422 and "This coupon is over." in words(refused.content)
    assert post(desk, "subscription-offer", sub, **asked, coupons="half").status_code == 302
    with tenant(shop.id):
        assert ScheduledChange.objects.get().details["coupons"] == [str(half.pk)]
        person = sub.subscriber.public_id
    coming = desk.get("subscriber-coming", subscriber=person, fragment=True)
    assert "With the coupon HALF" in words(coming.content)
