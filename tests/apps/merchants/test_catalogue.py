"""What the database and the services hold together: versions made at once, versions that never change, one default."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from merchants.models import LegalEntity, Offer, OfferVersion, Stage
from merchants.refusals import Conflict, Invalid
from merchants.selectors.offers import current_versions, terms_of
from merchants.services.catalogue.features import create_feature
from merchants.services.catalogue.offers import create_offer, revise_offer
from merchants.services.entities import create_legal_entity
from merchants.services.taxes import FRENCH_RATES, add_tax_rate
from merchants.services.violations import refusing, sentences
from merchants.tenancy.scope import tenant
from merchants.terms import FeatureTerm, OfferTerms, StageTerm

pytestmark = pytest.mark.django_db(transaction=True)
TERMS = OfferTerms(
    title={"en": "Standard"},
    currency="EUR",
    tax_behavior="inclusive",
    stages=(StageTerm(interval="month", amount=1490),),
)


def act(shop: Any) -> dict[str, Any]:
    return {"actor": shop.actor, "now": shop.now()}


def together(shop: Any, *calls: Callable[[], Any]) -> list[Any]:
    """Each call in a transaction of its own, at once: its result, or the refusal it met."""
    barrier = threading.Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=20)
            with tenant(shop.id):
                return call()
        except Conflict as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result(timeout=60) for each in [pool.submit(one, call) for call in calls]]


def test_versions_made_at_once_are_numbered_one_after_the_other(shop):
    with tenant(shop.id):
        offer = create_offer(reference="standard", terms=TERMS, **act(shop))
    prices = range(1_000, 1_006)
    together(
        shop,
        *(
            lambda price=price: revise_offer(
                offer, terms=replace(TERMS, stages=(StageTerm(interval="month", amount=price),)), **act(shop)
            )
            for price in prices
        ),
    )
    with tenant(shop.id):
        assert sorted(OfferVersion.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6, 7]
        assert sorted(Stage.objects.values_list("amount", flat=True)) == [*prices, 1490]


def test_one_of_many_gets_a_reference(shop):
    made = together(shop, *[lambda: create_offer(reference="standard", terms=TERMS, **act(shop))] * 4)
    refusals = [each for each in made if isinstance(each, Conflict)]
    assert [refusal.code for refusal in refusals] == ["reference_taken"] * 3
    with tenant(shop.id):
        assert Offer.objects.count() == 1 and OfferVersion.objects.count() == 1


def test_one_of_many_first_entities_is_the_default(shop):
    with tenant(shop.id):
        LegalEntity.objects.update(is_default=False)
    address = {"line1": "1 rue X", "postal_code": "69001", "city": "Lyon"}
    together(shop, *[lambda: create_legal_entity(name="Onde", **address, **act(shop))] * 4)
    with tenant(shop.id):
        assert LegalEntity.objects.filter(is_default=True).count() == 1 and LegalEntity.objects.count() == 5


def test_terms_come_back_as_they_were_given(shop):
    with tenant(shop.id):
        audio = create_feature(reference="a", kind="level", title={"en": "A"}, levels=["x", "y"], **act(shop))
        opened = FeatureTerm(feature=audio.pk, level="y")
        trial = StageTerm(interval="day", interval_count=14, recurrences=1, amount=0, features=(opened,))
        terms = replace(TERMS, stages=(trial, *TERMS.stages), commitment_intervals=12, notice_days=30)
        offer = create_offer(reference="standard", terms=terms, **act(shop))
        version = current_versions([offer.pk])[offer.pk]
        assert terms_of([version]) == {version.pk: terms}
        assert revise_offer(offer, terms=terms, **act(shop)).pk == version.pk


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE merchants_stage SET amount = 1",
        "DELETE FROM merchants_stage",
        "UPDATE merchants_offerversion SET title = '{}'",
        "INSERT INTO merchants_stage"
        " (id, merchant_id, version_id, position, label, interval, interval_count, amount, billing)"
        " SELECT gen_random_uuid(), merchant_id, id, 7, '{}', 'month', 1, 5, 'advance' FROM merchants_offerversion",
    ],
)
def test_what_was_sold_never_changes_by_sql_either(shop, statement):
    with tenant(shop.id):
        create_offer(reference="standard", terms=TERMS, **act(shop))
    with pytest.raises(DatabaseError), tenant(shop.id), connection.cursor() as cursor:
        cursor.execute(statement)
    with tenant(shop.id):
        assert list(Stage.objects.values_list("amount", flat=True)) == [1490]


def test_a_refused_write_leaves_the_transaction_usable(shop):
    with tenant(shop.id):
        create_offer(reference="standard", terms=TERMS, **act(shop))
        with pytest.raises(Conflict, match="reference_taken"):
            create_offer(reference="standard", terms=TERMS, **act(shop))
        create_offer(reference="another", terms=TERMS, **act(shop))
    with tenant(shop.id):
        assert sorted(Offer.objects.values_list("reference", flat=True)) == ["another", "standard"]


def test_a_break_of_no_rule_of_the_domain_is_no_refusal(shop):
    assert "an_offer_lists_an_option_once" in sentences()
    assert not [name for name in sentences() if "same_tenant" in name or name.endswith("_pkey")]
    with tenant(shop.id), pytest.raises(DatabaseError), refusing(), transaction.atomic():
        offer = create_offer(reference="standard", terms=TERMS, **act(shop))
        Offer.objects.bulk_create([Offer(id=offer.pk, reference="x", created_at=shop.now().at)])


def test_a_feature_of_another_merchant_is_unknown(shop, another_shop):
    theirs = another_shop.feature("audio")
    stage = StageTerm(interval="month", amount=1, features=(FeatureTerm(feature=theirs.pk),))
    with tenant(shop.id), pytest.raises(Invalid) as refused:
        create_offer(reference="standard", terms=replace(TERMS, stages=(stage,)), **act(shop))
    assert [(each.field, each.code) for each in refused.value.errors] == [
        ("stages[0].features[0].feature", "not_found")
    ]


def test_the_french_table_has_each_code_once_with_its_rate():
    table = {rate.code: str(rate.percent) for rate in FRENCH_RATES}
    assert len(table) == len(FRENCH_RATES) and {rate.from_on.isoformat() for rate in FRENCH_RATES} == {"2014-01-01"}
    assert [table[code] for code in ("electronic", "on_site", "goods", "food", "books", "press", "reduced")] == [
        "20", "20", "20", "5.5", "5.5", "2.1", "10"]  # fmt: skip


def test_a_rate_that_begins_later_stands_beside_the_former(shop):
    from datetime import date
    from decimal import Decimal

    with tenant(shop.id):
        for year, percent in ((2027, "21"), (2028, "22")):
            add_tax_rate(
                entity=shop.entity,
                country="FR",
                tax_code="electronic",
                percent=Decimal(percent),
                from_on=date(year, 1, 1),
                **act(shop),
            )
        with pytest.raises(Conflict, match="a_tax_rate_stands_once"):
            add_tax_rate(
                entity=shop.entity,
                country="FR",
                tax_code="electronic",
                percent=Decimal(1),
                from_on=date(2027, 1, 1),
                **act(shop),
            )
