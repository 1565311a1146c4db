"""Changes that are made only if they are paid (domain 9, `only_if_paid`): by the card, by the form, or not at all."""

from __future__ import annotations

from textwrap import dedent

import pytest

from billing.flows import change_paid
from billing.flows.asks import AddOption, ChangeOffer, Gift, SetQuantity
from billing.flows.change import Changing
from billing.flows.purchase import WishedOption
from invoices.models import CreditNote, Invoice, Payment
from merchants.models import Merchant
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import Change, SubscriptionOption
from tests.stories.paying_first import ask, begun, held, offer_of, other_card, pro, told, world
from tests.stories.statements import rows
from tests.worlds import TESTER

__all__ = ["pro", "world"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_paid_by_the_kept_card_it_is_made_at_once(world, pro):
    sub = begun(world)
    before, wish = rows(world.shop.id), ChangeOffer(offer=pro)
    named = {"merchant_id": world.shop.id, "subscription_id": sub.pk, "ask": wish, "actor": TESTER}
    assert change_paid.foresee(changing=Changing(), **named) == 14_00
    assert rows(world.shop.id) == before
    session = ask(world, sub, wish, reason="wants more")
    assert session is not None and (session.status, session.quote.total) == ("complete", 14_00)
    assert world.statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
                    credit basic                       -14.00
        2026-02-14  pro          02-14..02-28           28.00
        """)
    assert world.captured() == [28_00, 14_00]
    with tenant(world.shop.id):
        invoice = Invoice.objects.latest("id")
        assert (invoice.status, invoice.amount_due, invoice.pk) == ("paid", 0, session.invoice_id)
        changed = Change.objects.get(subject_id=sub.pk, verb="changed")
        assert (changed.reason, changed.actor_label) == ("wants more", TESTER.label)
    assert told(world) == ["checkout_session.completed"]
    assert world.until("2026-02-28").captured() == [28_00, 14_00, 56_00]


def test_without_a_card_it_waits_for_its_form_and_is_made_when_that_is_paid(world, pro):
    sub = begun(world, card=None)
    with tenant(world.shop.id):
        owed = Invoice.objects.get().amount_due
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert owed == 28_00 and session is not None
    assert (session.status, session.quote.total) == ("open", 28_00)  # 14.00 given back is owed on the first invoice
    assert offer_of(world, sub) == "basic"
    world.shop.press(session)
    assert offer_of(world, sub) == "basic"
    assert world.shop.look(session).status == "complete"
    assert offer_of(world, sub) == "pro"
    with tenant(world.shop.id):
        assert CreditNote.objects.get().gross == 14_00
        assert Payment.objects.get(session_id=session.pk).invoice_id == Invoice.objects.latest("id").pk


@pytest.mark.parametrize(
    ("card", "stands"),
    [("pm_card_declinedLater", "failed"), ("pm_card_authenticationRequired", "requires_action")],
)
def test_refused_or_wanted_by_the_bank_it_changes_nothing(world, pro, card, stands):
    sub = begun(world)
    other_card(world, card)
    before = world.now_is(sub)
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None and session.status == "open"
    after = world.now_is(sub)
    assert (after.offer_version_id, after.updated_at) == (before.offer_version_id, before.updated_at)
    with tenant(world.shop.id):
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 0)
        assert Payment.objects.get(session_id=session.pk).status == stands


def test_refused_by_the_kept_card_its_form_takes_another(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None
    world.shop.press(session)
    assert world.shop.look(session).status == "complete"
    assert (offer_of(world, sub), world.captured()) == ("pro", [28_00, 14_00])


def test_what_leaves_nothing_to_pay_is_made_at_once(world, pro):
    sub = world.subscribe(pro)
    world.until("2026-02-14")
    basic = world.shop.offer("basic", ("month", None, 28_00))
    assert ask(world, sub, ChangeOffer(offer=basic), when="now") is None
    assert offer_of(world, sub) == "basic" and held(world) == 14_00
    assert ask(world, sub, SetQuantity(quantity=2)) is None  # 14.00, which the balance pays
    assert (world.now_is(sub).quantity, held(world), world.captured()) == (2, 0, [56_00])


def test_an_option_is_had_when_it_is_paid(world):
    extra = world.shop.option("extra", 2_80)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 28_00), options=[extra]))
    world.until("2026-02-14")
    session = ask(world, sub, AddOption(wished=WishedOption(option=extra)))
    assert session is not None and session.status == "complete"
    with tenant(world.shop.id):
        assert SubscriptionOption.objects.get().subscription_id == sub.pk
    assert world.captured() == [28_00, 1_40]
    given = AddOption(wished=WishedOption(option=extra), gift=Gift(reason="an outage"))
    assert ask(world, sub, given) is None  # a gift waits for no payment


def test_a_debit_that_is_accepted_makes_it_and_settles_it_days_later(world, pro):
    sub = begun(world)
    other_card(world, "pm_sepa_debitSucceeds")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None and session.status == "complete"
    with tenant(world.shop.id):
        invoice = Invoice.objects.latest("id")
        assert (invoice.status, Payment.objects.get(session_id=session.pk).status) == ("open", "processing")
    assert offer_of(world, sub) == "pro"


def test_without_a_return_page_the_form_leads_back_to_the_website(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    with tenant(world.shop.id):
        Merchant.objects.filter(id=world.shop.id).update(success_url="", website="")
    before = rows(world.shop.id)
    with pytest.raises(Conflict) as refused:
        ask(world, sub, ChangeOffer(offer=pro))
    assert refused.value.code == "success_url_missing" and rows(world.shop.id) == before
    with tenant(world.shop.id):
        Merchant.objects.filter(id=world.shop.id).update(website="https://onde.example")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None and session.success_url == "https://onde.example"


def test_what_cannot_wait_for_a_payment_is_refused(world, pro):
    sub = begun(world)
    before = rows(world.shop.id)
    for how, field, code in (
        ({"when": "period_end"}, "when", "only_if_paid_counts_now"),
        ({"invoice": "next"}, "invoice", "only_if_paid_is_billed_now"),
    ):
        with pytest.raises(Invalid) as refused:
            ask(world, sub, ChangeOffer(offer=pro), **how)
        assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    cheaper = world.shop.offer("cheaper", ("month", None, 7_00))
    before = rows(world.shop.id)
    with pytest.raises(Invalid) as later:  # by the policy it counts at the period's end
        ask(world, sub, ChangeOffer(offer=cheaper))
    assert later.value.errors[0].code == "only_if_paid_counts_now"
    with pytest.raises(Conflict) as unchanged:
        ask(world, sub, SetQuantity(quantity=1), when="now")
    assert unchanged.value.code == "nothing_changes"
    assert rows(world.shop.id) == before
