"""The page that a letter's link opens: what is owed, in their language, and one button that pays it."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest
from django.conf import settings

from billing.flows import collect
from billing.models import DunningCase
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.printing import print_document
from merchants.ids import new_id
from merchants.links import mint
from merchants.models import Event, Merchant
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Subscriber
from tests.apps.invoices.bills import bill, line, pay
from tests.pages.debtors import Debtor
from tests.pages.hosted import form_of, text_of
from tests.stories.debtors import Debtor as InDunning

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


@pytest.fixture
def debtor(shop, lucie):
    """Lucie owes 12.99."""
    return Debtor(shop, bill(shop, lucie, line(12_99)))


def test_it_says_what_is_owed_and_charges_nothing_by_being_read(debtor):
    page = debtor.read()
    said = text_of(page)

    assert page.status_code == 200
    assert f"Invoice {debtor.invoice.number} To pay €12.99" in said
    assert "Pay €12.99" in said
    assert form_of(page)["seen"] == "1299"
    assert debtor.payments() == []


def test_it_speaks_the_payers_language(shop):
    paul = shop.enrol("paul", locale="fr")
    debtor = Debtor(shop, bill(shop, paul, line(12_99)), language="")
    page = debtor.read()
    assert 'lang="fr"' in page.content.decode()
    assert "12,99 €" in text_of(page)


def test_it_is_private_light_and_needs_no_script(debtor):
    page = debtor.read()
    assert (page["Cache-Control"], page["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert page["Referrer-Policy"] == "same-origin"
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    body = page.content.decode()
    assert "style=" not in body
    assert "<script" not in body
    font = (settings.BASE_DIR / "static/vendor/inter-hosted.woff2").stat().st_size
    style = (settings.BASE_DIR / "static/tacite.css").read_bytes()
    weight = len(gzip.compress(page.content)) + len(gzip.compress(style)) + font
    assert weight < 50_000, weight


def test_the_pdf_opens_from_it_once_it_is_printed(shop, debtor):
    assert "PDF" not in text_of(debtor.read())
    print_document(merchant_id=shop.id, document_id=debtor.invoice.pk)
    page = debtor.read()
    address = page.content.decode().split('href="/documents/')[1].split('"')[0]
    answer = debtor.client.get(f"/documents/{address}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")


def test_what_was_paid_and_credited_is_taken_off_and_only_the_rest_is_asked(shop, debtor):
    pay(shop, debtor.invoice, 4_00)
    with tenant(shop.id):
        credit_invoice(debtor.invoice.pk, Wanted(amount=1_00), reason="a test", actor=shop.actor, now=shop.now())
    said = text_of(debtor.read())
    assert "Already paid or credited" in said
    assert "−€5.00" in said
    assert "Pay €7.99" in said


def test_the_click_leads_to_the_provider_by_way_of_a_page_of_ours(debtor):
    answer = debtor.press()
    assert (answer.status_code, answer["Location"]) == (303, f"{debtor.path}/go")
    (payment,) = debtor.payments()
    assert (payment.status, payment.hosted, payment.automatic, payment.amount) == ("pending", True, False, 12_99)
    onward = debtor.client.get(answer["Location"])
    assert payment.action_url in onward.content.decode().replace("&amp;", "&")


def test_only_the_sum_that_was_read_is_charged(shop, debtor):
    page = debtor.read()
    with tenant(shop.id):
        credit_invoice(debtor.invoice.pk, Wanted(amount=2_00), reason="a test", actor=shop.actor, now=shop.now())
    answer = debtor.press(page)
    assert answer.status_code == 409
    assert "The amount has changed" in text_of(answer)
    assert "Pay €10.99" in text_of(answer)
    assert debtor.payments() == []


@pytest.mark.parametrize("seen", ["", "-1299", "1299.0", "١٢٩٩", "9" * 400, "x"])
def test_a_sum_that_is_none_is_not_the_one_that_was_read(debtor, seen):
    assert debtor.press(seen=seen).status_code == 409
    assert debtor.payments() == []


def test_without_its_form_token_a_click_does_nothing(debtor):
    assert debtor.client.post(debtor.path, {"seen": "1299", "act": "pay"}).status_code == 403
    assert debtor.payments() == []


def test_a_link_that_is_not_ours_or_of_another_purpose_opens_nothing(shop, debtor):
    token = debtor.path.rpartition("/")[2]
    for wrong in (
        token + "x",
        mint("card", shop.id, debtor.invoice.pk, lasts=timedelta(days=1)),
        mint("owed", shop.id, new_id(), lasts=timedelta(days=1)),
    ):
        assert debtor.client.get(f"/pay/owed/{wrong}").status_code == 404


def test_a_strangers_link_does_not_open_an_invoice_of_ours(debtor, another_shop):
    token = mint("owed", another_shop.id, debtor.invoice.pk, lasts=timedelta(days=1))
    assert debtor.client.get(f"/pay/owed/{token}").status_code == 404


def test_a_link_that_has_lapsed_says_so_and_sends_another_to_the_address_that_is_known(shop, debtor):
    token = mint("owed", shop.id, debtor.invoice.pk, lasts=-timedelta(seconds=2))
    page = debtor.client.get(f"/pay/owed/{token}")
    assert page.status_code == 410
    assert "This link has expired" in text_of(page)
    assert "12.99" not in text_of(page)
    assert debtor.client.get(f"/pay/owed/{token}/go").status_code == 404

    secret = page.content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    for _twice in range(2):
        answer = debtor.client.post(f"/pay/owed/{token}", {"csrfmiddlewaretoken": secret})
        assert answer.status_code == 303
    assert "A new link is on its way" in text_of(debtor.client.get(answer["Location"]))
    with tenant(shop.id):
        assert Event.objects.filter(kind="invoice.sent", object_id=debtor.invoice.pk).count() == 1
    assert debtor.payments() == []


def test_a_link_that_has_lapsed_promises_no_letter_to_who_has_no_address(shop, debtor):
    token = mint("owed", shop.id, debtor.invoice.pk, lasts=-timedelta(seconds=2))
    page = debtor.client.get(f"/pay/owed/{token}")
    secret = page.content.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    with tenant(shop.id):
        payer = Subscriber.objects.get(id=debtor.invoice.payer_id)
        history.update(payer, {"email": ""}, actor=shop.actor, now=shop.now(), verb="updated")
    answer = debtor.client.post(f"/pay/owed/{token}", {"csrfmiddlewaretoken": secret})
    assert answer.status_code == 410
    assert answer.content.decode().count("<form") == 1  # the languages
    with tenant(shop.id):
        assert not Event.objects.filter(kind="invoice.sent").exists()


def test_a_shop_that_is_closed_takes_no_payment(shop, debtor):
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(suspended_at=shop.now().at)
    page = debtor.read()
    assert page.status_code == 409
    assert "takes no payments" in text_of(page)


def test_an_invoice_that_was_credited_in_full_says_that_nothing_is_owed(shop, debtor):
    with tenant(shop.id):
        credit_invoice(debtor.invoice.pk, Wanted(), reason="a test", actor=shop.actor, now=shop.now())
    page = debtor.read()
    assert (page.status_code, "Nothing is owed any more" in text_of(page)) == (200, True)
    assert '<form class="pay-form"' not in page.content.decode()


def test_it_says_what_follows_if_nothing_is_paid_and_until_when_all_stays(shop):
    """The standard steps: letters after 3 and 7 days, suspended after 14."""
    lucie = InDunning.of(shop, "pm_card_declinedLater")
    lucie.collect()
    debtor = Debtor(shop, lucie.invoice())
    said = text_of(debtor.read())
    assert "hifi, 2 March to 1 April" in said
    assert "From 16 March Without payment, your access is suspended." in said
    assert "Your bank refused: the limit of the card is reached, or the account is too low." in said

    lucie.after(3).after(7).after(14)
    said = text_of(debtor.read())
    assert "Now Your access is suspended until this is paid." in said
    assert "Without payment" not in said

    debtor.press()
    debtor.at_provider()
    paid = text_of(debtor.read())
    assert "Thank you, it is paid" in paid
    assert "suspended" not in paid
    assert lucie.standing()[0] == "active"
    assert lucie.captured() == [12_99]


def test_a_debt_on_which_no_subscription_stands_threatens_nothing(shop):
    lucie = InDunning.of(shop, "pm_card_declinedLater")
    concert = bill(shop, lucie.person, line(5_00))
    with tenant(shop.id):
        type(concert).objects.filter(id=concert.pk).update(collect_at=shop.now().at)
    collect.collect(merchant_id=shop.id, invoice_ids=[concert.pk], now=shop.now(), actor=shop.actor)
    with tenant(shop.id):
        assert DunningCase.objects.filter(invoice=concert).exists()
    said = text_of(Debtor(shop, concert).read())
    assert "Pay €5.00" in said
    assert "access" not in said
