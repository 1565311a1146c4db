"""The office's pages of documents and payments: lists, the invoice, its PDF, the credit note, parts of other pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoices.models import CreditNote, Invoice, Refund
from invoices.pages import listing
from invoices.selectors import lists
from invoices.services import balances, files, payments
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.printing import print_document
from merchants.ids import new_id, show
from merchants.models import LegalEntity, ProviderAccount
from merchants.selectors.clocks import now_for
from merchants.services.entities import create_legal_entity
from merchants.tenancy.scope import tenant
from subscribers.services import enrolment
from tests.apps.invoices.bills import BOOKS, again, bill, line, pay
from tests.pages.offices import Seat, colleague, office
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seat(transactional_db):
    return office("Onde")


@pytest.fixture
def shop(seat):
    """The same merchant as its services see it."""
    with tenant(seat.merchant.pk):
        account = ProviderAccount.objects.get(is_default=True)
        entity = LegalEntity.objects.first() or create_legal_entity(
            name="Onde SAS",
            siren="732829320",
            line1="1 rue de la Paix",
            postal_code="69001",
            city="Lyon",
            actor=Shop.actor,
            now=_now(seat),
        )
    return Shop(merchant=seat.merchant, entity=entity, account=account)


def _now(seat: Seat):
    return now_for(seat.merchant)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(files.current_app, "send_task", lambda *given, **options: None)


def page(seat, name, *, status=200, query="", headers=None, **arguments):
    answer = seat.client.get(seat.url(name, **arguments) + query, headers=headers or {})
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def text(html: str) -> str:
    """What a page says, without tags and runs of blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).replace("\N{NO-BREAK SPACE}", " ")


def credit(shop, invoice, wanted=None, **options):
    with tenant(shop.id):
        return credit_invoice(
            invoice.pk, wanted or Wanted(), reason="Torn", actor=shop.actor, now=shop.now(), **options
        )


def test_an_empty_list_teaches(seat):
    assert "The first purchase that is paid for makes one" in page(seat, "invoices")
    assert "Every payment that is asked for stands here" in page(seat, "payments")


def test_the_list_has_views_filters_and_sums(seat, shop, lucie):
    paul = shop.enrol("paul", name="Paul Martin")
    paid, open_, late = bill(shop, lucie, line(12_99)), bill(shop, lucie, line(1000_00)), bill(shop, paul, line(7_00))
    pay(shop, paid, 12_99)
    pay(shop, open_, 400_00)
    said = text(page(seat, "invoices"))
    assert "All 3 To be paid 2 Overdue 0 Paid 1 Uncollectible 0 Credited in full 0" in said
    assert "3 invoices €607.00 €1,019.99" in said
    assert said.index(late.number) < said.index(open_.number) < said.index(paid.number)
    assert "Paul Martin" in said and "Lucie Garnier" in said

    said = text(page(seat, "invoices", query="?view=open"))
    assert "2 invoices €607.00 €1,007.00" in said and paid.number not in said
    assert "1 invoice €12.99" in text(page(seat, "invoices", query="?view=paid"))
    found = text(page(seat, "invoices", query=f"?subscriber={paul.public_id}"))
    assert "1 invoice €7.00 €7.00" in found and "Subscriber Paul Martin" in found
    assert "No invoice matches" in page(seat, "invoices", query="?view=cancelled")
    for wrong in ("?view=lost", "?subscriber=cus_1", "?cursor=abc", "?q=%00"):
        assert "3 invoices" in page(seat, "invoices", query=wrong)


def test_an_invoice_is_overdue_the_day_after_it_was_due(seat, shop, lucie, monkeypatch):
    invoice = bill(shop, lucie, line(10_00))
    assert invoice.due_on == invoice.issued_on
    with tenant(shop.id):
        assert lists.invoices_in("overdue", invoice.due_on).count() == 0
        assert lists.invoices_in("overdue", invoice.due_on + timedelta(days=1)).get() == invoice
        pay_day = invoice.due_on + timedelta(days=1)
    pay(shop, invoice, 10_00)
    with tenant(shop.id):
        assert lists.invoices_in("overdue", pay_day).count() == 0


def test_search_by_number_or_its_last_digits(seat, shop, lucie):
    invoices = [bill(shop, lucie, line(10_00 + at)) for at in range(3)]
    second = invoices[1].number
    for typed in (second, second.lower(), "2", "000002"):
        said = text(page(seat, "invoices", query=f"?q={typed}"))
        assert "1 invoice €10.01" in said, typed
    assert "No invoice matches" in page(seat, "invoices", query="?q=2026-9")


def test_pages_by_keyset_hold_every_invoice_once(seat, shop, lucie, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 2)
    made = [bill(shop, lucie, line(1_00 + at)).number for at in range(5)]
    seen, query = [], "?view=open"
    for _ in range(3):
        html = page(seat, "invoices", query=query)
        seen += re.findall(r'plain-link" href="[^"]*/invoices/inv_\w+">([^<]+)<', html)
        following = re.search(r'href="(\?[^"]*cursor=[^"]*)"', html)
        query = following[1].replace("&amp;", "&") if following else ""
    assert (seen, query) == (made[::-1], "")


def test_a_draft_is_shown_as_one(seat, shop, lucie):
    invoice = bill(shop, lucie, line(12_99))
    with tenant(shop.id):
        draft = Invoice.objects.get(id=invoice.pk)
        draft.pk, draft.status, draft.number, draft.series_id, draft.sequence = new_id(), "draft", None, None, None
        draft.issued_on = draft.finalized_at = draft.due_on = None
        draft.save(force_insert=True)
    html = page(seat, "invoice", invoice=draft.public_id)
    assert "<h1>Draft</h1>" in html and "PDF" not in html and "Credit…" not in html
    page(seat, "invoice-pdf", invoice=draft.public_id, status=409)


def test_an_invoice_says_its_lines_its_vat_its_payments_and_the_ledger(seat, shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, discount=99, title="Book"))
    pay(shop, invoice, 10_00)
    said = text(page(seat, "invoice", invoice=invoice.public_id))
    assert invoice.number in said and "Lucie Garnier" in said
    assert "State To be paid Total €16.99 of which VAT €2.38 Owed €6.99" in said
    assert "Hifi 20% €12.99" in said
    assert "Book 4.99 − 0.99 = 4.00 RENTREE: −€0.99 5.5% €4.00" in said
    assert "20% €10.82 €2.17 5.5% €3.79 €0.21" in said
    assert "−€10.00 Owed €6.99" in said
    assert (
        "Owed by customers 16.99 Sales 20% 10.82 VAT collected 20% 2.17 Sales 5.5% 3.79 VAT collected 5.5% 0.21" in said
    )
    assert "With the payment provider 10.00 Owed by customers 10.00" in said
    assert "PDF, being printed" in said


def test_in_french(shop, seat, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, discount=99))
    seat.user.locale = "fr"
    seat.user.save()
    said = text(page(seat, "invoice", invoice=invoice.public_id))
    assert "4,99 − 0,99 = 4,00 RENTREE : −0,99 €" in said and "16,99 €" in said


def test_prices_without_vat_add_it_at_the_foot(seat, shop, lucie):
    invoice = bill(shop, lucie, line(10_00), behavior="exclusive")
    said = text(page(seat, "invoice", invoice=invoice.public_id))
    assert "Without VAT €10.00 VAT 20% on €10.00 €2.00 Total €12.00" in said


def test_the_pdf_is_shown_or_saved_or_on_its_way(seat, shop, lucie):
    invoice = bill(shop, lucie, line(12_99))
    note = credit(shop, invoice, Wanted(amount=1_00))
    assert "This document is being printed." in page(seat, "invoice-pdf", invoice=invoice.public_id, status=409)
    page(seat, "credit-note-pdf", credit_note=note.public_id, status=409)
    for document in (invoice, note):
        print_document(merchant_id=shop.id, document_id=document.pk)
    shown = seat.client.get(seat.url("invoice-pdf", invoice=invoice.public_id))
    assert (shown.status_code, shown["Content-Type"]) == (200, "application/pdf")
    assert shown["Content-Disposition"] == f'inline; filename="{invoice.number}.pdf"'
    assert shown["Content-Security-Policy"] == "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
    assert "no-store" in shown["Cache-Control"] and shown.content.startswith(b"%PDF")
    saved = seat.client.get(seat.url("invoice-pdf", invoice=invoice.public_id) + "?save")
    assert saved["Content-Disposition"].startswith("attachment")
    other = seat.client.get(seat.url("credit-note-pdf", credit_note=note.public_id))
    assert other.content.startswith(b"%PDF") and other.content != shown.content
    assert "Open the PDF" in page(seat, "invoice", invoice=invoice.public_id)


def test_the_xml_is_saved_once_it_is_printed(seat, shop, lucie):
    invoice = bill(shop, lucie, line(12_99))
    note = credit(shop, invoice, Wanted(amount=1_00))
    page(seat, "invoice-xml", invoice=invoice.public_id, status=409)
    assert seat.url("invoice-xml", invoice=invoice.public_id) not in page(seat, "invoice", invoice=invoice.public_id)
    for document in (invoice, note):
        print_document(merchant_id=shop.id, document_id=document.pk)
    saved = seat.client.get(seat.url("invoice-xml", invoice=invoice.public_id))
    assert (saved.status_code, saved["Content-Type"]) == (200, "application/xml")
    assert saved["Content-Disposition"] == f'attachment; filename="{invoice.number}.xml"'
    other = seat.client.get(seat.url("credit-note-xml", credit_note=note.public_id))
    assert b">381<" in other.content and b">380<" in saved.content
    said = page(seat, "invoice", invoice=invoice.public_id)
    assert seat.url("invoice-xml", invoice=invoice.public_id) in said
    assert seat.url("credit-note-xml", credit_note=note.public_id) in said


def test_by_number(seat, shop, lucie):
    first, second = bill(shop, lucie, line(10_00)), bill(shop, lucie, line(20_00))
    note = credit(shop, second, Wanted(amount=1_00))

    def goes(number):
        answer = seat.client.get(seat.url("invoice-by-number", number=number))
        return answer.status_code, answer.get("Location", "")

    assert goes(first.number) == (302, seat.url("invoice", invoice=first.public_id))
    assert goes("2") == (302, seat.url("invoice", invoice=second.public_id))
    assert goes(note.number.lower()) == (302, seat.url("invoice", invoice=second.public_id))
    for unknown in ("2026-000003", "99", "a/b", "x" * 60):
        assert goes(unknown)[0] == 404, unknown


def test_payments_say_their_outcome(seat, shop, lucie):
    invoice = bill(shop, lucie, line(20_00))
    pay(shop, invoice, 5_00, means="cash")
    with tenant(shop.id):
        for code, message in (("card_declined", "Your card was declined."), ("never_asked", "")):
            failed = payments.Payment.objects.create(
                payer=lucie,
                invoice_id=invoice.pk,
                account=shop.account,
                gateway="simulated",
                means="card",
                amount=15_00,
                currency="EUR",
                created_at=shop.now().at,
            )
            answer = payments.Recorded(status="failed", code=code, message=message)
            payments.record(failed, answer, actor=shop.actor, now=shop.now())
    said = text(page(seat, "payments"))
    assert "All 3 Succeeded 1 Refused 1 Under way 0" in said
    assert "3 payments €35.00" in said
    assert "Refused Your card was declined." in said and "Left unpaid" in said
    refused = text(page(seat, "payments", query="?view=failed"))
    assert "1 payment €15.00" in refused and "Left unpaid" not in refused
    cash = text(page(seat, "payments", query="?view=succeeded"))
    assert f"Cash {invoice.number} Succeeded €5.00" in cash


def test_the_credit_dialog_shows_what_it_would_make(seat, shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, title="Book"))
    pay(shop, invoice, 17_98)
    html = page(seat, "invoice-credit", invoice=invoice.public_id, headers={"HX-Request": "true"})
    assert html.lstrip().startswith("<dialog") and "data-open" in html
    said = text(html)
    assert f"{invoice.number}: €17.98 is left to credit" in said
    assert "Credit note of today Hifi −€12.99 Book −€4.99" in said
    assert "Credit note of which VAT 20% €2.17, VAT 5.5% €0.26 −€17.98" in said
    assert "To the balance €17.98" in said and "Credit €17.98" in said

    def preview(query):
        return text(page(seat, "invoice-credit-preview", invoice=invoice.public_id, query=query))

    part = preview("?what=amount&amount=10%2C00&to=refund")
    assert "Hifi 10.00 × 12.99/17.98 = 7.22 −€7.22 Book 10.00 × 4.99/17.98 = 2.78 −€2.78" in part
    assert "Back to the means of payment €10.00" in part and "Credit €10.00" in part and "Balance" not in part
    one = preview("?what=lines&lines=1&to=balance")
    assert "Book −€4.99" in one and "Hifi" not in one and "Balance €0.00 €4.99" in one
    assert "At most 17.98 EUR is left to credit." in preview("?what=amount&amount=20")
    assert "Write a decimal number such as 29.90." in preview("?what=amount&amount=ten")
    assert "There is nothing left to credit here." in preview("?what=lines")
    with tenant(shop.id):
        assert not CreditNote.objects.exists()


def test_crediting_writes_the_note_and_says_so(seat, shop, lucie):
    invoice = bill(shop, lucie, line(12_99))
    pay(shop, invoice, 12_99)
    url = seat.url("invoice-credit", invoice=invoice.public_id)
    sent = {"what": "amount", "amount": "3,83", "reason": "Outage of 3 October", "to": "refund"}
    answer = seat.client.post(url, sent)
    assert (answer.status_code, answer["Location"]) == (302, seat.url("invoice", invoice=invoice.public_id))
    with tenant(shop.id):
        note = CreditNote.objects.get()
        refund = Refund.objects.get()
    assert (note.gross, note.reason, note.to_refund, refund.amount) == (3_83, "Outage of 3 October", 3_83, 3_83)
    said = text(page(seat, "invoice", invoice=invoice.public_id))
    assert f"Credit note {note.number} of €3.83 was issued." in said
    assert "Outage of 3 October €3.83 given back −€3.83" in said and "Credited €3.83" in said

    refused = seat.client.post(url, {"what": "amount", "amount": "10", "reason": "More", "to": "balance"})
    assert refused.status_code == 422 and "At most 9.16 EUR is left to credit." in refused.content.decode()
    empty = seat.client.post(url, {"what": "all", "to": "balance"})
    assert empty.status_code == 422 and "data-open" in empty.content.decode()
    with tenant(shop.id):
        assert CreditNote.objects.count() == 1
    assert seat.client.post(url, {"what": "all", "reason": "All", "to": "balance"}).status_code == 302
    assert again(shop, invoice).status == "cancelled"
    assert "Credit…" not in page(seat, "invoice", invoice=invoice.public_id)
    assert seat.client.post(url, {"what": "all", "reason": "Again", "to": "balance"}).status_code == 422


def test_a_second_click_on_the_credit_button_credits_nothing_more(seat, shop, lucie):
    invoice = bill(shop, lucie, line(1_012_99))
    pay(shop, invoice, 1_012_99)
    dialog = page(seat, "invoice-credit", invoice=invoice.public_id, headers={"HX-Request": "true"})
    seen = re.search(r'<input type="hidden" name="seen" value="(\d+)">', dialog)
    assert seen[1] == "101299"
    url = seat.url("invoice-credit", invoice=invoice.public_id)
    sent = {"what": "amount", "amount": "5", "reason": "Outage", "to": "balance", "seen": seen[1]}
    assert seat.client.post(url, sent).status_code == 302
    again = seat.client.post(url, sent)
    assert again.status_code == 422
    assert "The amounts have changed since this page was opened." in text(again.content.decode())
    assert 'name="seen" value="100799"' in again.content.decode()
    with tenant(shop.id):
        assert CreditNote.objects.get().gross == 5_00


def test_who_may_not_credit_or_refund_does_not(seat, shop, lucie):
    invoice = bill(shop, lucie, line(12_99))
    pay(shop, invoice, 12_99)
    url = seat.url("invoice-credit", invoice=invoice.public_id)
    support = colleague(seat, "support")
    assert "Credit…" not in page(support, "invoice", invoice=invoice.public_id)
    assert support.client.get(url).status_code == 403
    assert support.client.post(url, {"what": "all", "reason": "x", "to": "balance"}).status_code == 403
    accountant = colleague(seat, "accountant")
    assert accountant.client.get(url).status_code == 200
    with tenant(shop.id):
        assert not CreditNote.objects.exists()


def test_a_subscriber_s_money_and_documents(seat, shop, lucie):
    assert "No document yet" in page(seat, "subscriber-documents", subscriber=lucie.public_id)
    empty = text(page(seat, "subscriber-money", subscriber=lucie.public_id))
    assert "Owes €0.00" in empty and "paid since the beginning" not in empty
    invoice, other = bill(shop, lucie, line(12_99)), bill(shop, lucie, line(5_00))
    pay(shop, invoice, 12_99)
    note = credit(shop, invoice, Wanted(amount=3_00))
    said = text(page(seat, "subscriber-money", subscriber=lucie.public_id))
    assert "€12.99 paid since the beginning" in said and "Owes €5.00" in said
    assert "Balance €3.00 +€3.00, Credit note" in said
    documents = text(page(seat, "subscriber-documents", subscriber=lucie.public_id))
    assert documents.index(note.number) < documents.index(other.number)
    assert f"Credit note on {invoice.number}" in documents and "−€3.00" in documents and "Paid on" in documents


def test_documents_of_who_is_paid_for_stand_with_the_payer(seat, shop, lucie):
    with tenant(shop.id):
        child = enrolment.enrol(
            {"name": "Zoé", "reference": "zoe"},
            merchant=shop.merchant,
            actor=shop.actor,
            now=shop.now(),
            payer_id=lucie.pk,
        )
    bill(shop, lucie, line(5_00))
    said = text(page(seat, "subscriber-money", subscriber=child.public_id))
    assert "Paid for by Lucie Garnier" in said and "Owes €5.00" in said
    assert "No document yet" in page(seat, "subscriber-documents", subscriber=child.public_id)


def test_the_home_shows_true_figures(seat, shop, lucie):
    nothing = text(page(seat, "home-money"))
    assert "Paid this month €0 .00" in nothing and "Refused payments 0 in 30 days" in nothing
    first, second = bill(shop, lucie, line(12_99)), bill(shop, lucie, line(8_00))
    pay(shop, first, 12_99)
    pay(shop, second, 3_00, means="cash")
    credit(shop, first, Wanted(amount=2_00), to="refund")
    with tenant(shop.id):
        refund = Refund.objects.get()
        payments.record_refund(
            refund, status="succeeded", provider_ref="re", message="", actor=shop.actor, now=shop.now()
        )
    said = text(page(seat, "home-money"))
    assert "Paid this month €13 .99" in said  # 12.99 + 3.00 − 2.00
    assert "To be paid €5 .00 1 invoice" in said and "Overdue €0 .00" in said


def test_every_list_takes_a_fixed_number_of_queries(seat, shop, lucie):
    def queries(name, **arguments):
        with CaptureQueriesContext(connection) as seen:
            page(seat, name, **arguments)
        return len(seen)

    lists_ = [("invoices", {}), ("payments", {}), ("home-money", {})]
    lists_ += [("subscriber-money", {"subscriber": lucie.public_id})]
    lists_ += [("subscriber-documents", {"subscriber": lucie.public_id})]
    for _ in range(3):
        pay(shop, bill(shop, lucie, line(10_00)), 10_00)
    few = {name: queries(name, **arguments) for name, arguments in lists_}
    few = {name: queries(name, **arguments) for name, arguments in lists_}
    for _ in range(12):
        pay(shop, bill(shop, lucie, line(10_00)), 10_00)
    assert {name: queries(name, **arguments) for name, arguments in lists_} == few


def test_the_balance_that_paid_stands_on_the_invoice(seat, shop, lucie):
    invoice = bill(shop, lucie, line(10_00))
    with tenant(shop.id):
        act = {"actor": shop.actor, "now": shop.now()}
        balances.adjust(lucie.pk, 4_00, currency="EUR", reason="Outage", legal_entity_id=shop.entity.pk, **act)
        balances.pay_open_invoices(lucie.pk, currency="EUR", **act)
    said = text(page(seat, "invoice", invoice=invoice.public_id))
    assert "From the balance" in said and "−€4.00 Owed €6.00" in said
    assert "Customers’ balances 4.00" in said


def test_an_unknown_or_foreign_invoice_is_not_found(seat, shop, lucie, another_shop):
    theirs = bill(another_shop, another_shop.enrol("x"), line(1_00))
    for wrong in (show("inv", new_id()), theirs.public_id, "inv_1", "ref:x"):
        for name in ("invoice", "invoice-pdf", "invoice-xml", "invoice-credit", "invoice-credit-preview"):
            page(seat, name, invoice=wrong, status=404)
