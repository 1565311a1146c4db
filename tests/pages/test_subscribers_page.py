"""The complete view of a subscriber: verdict, stages, features, history in words, any past moment, the profile."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from merchants.models import OfferVersion, Site
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Change, PaymentMethod, Subscriber, Subscription
from subscribers.pages.stages import Span, spans, stage_rows
from subscribers.selectors.pictures import offer_pictures
from subscribers.services import enrolment
from tests.pages.onde import JULIE, entries
from tests.pages.subscribers_at import Desk, words
from tests.worlds import forget, utc

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_page_answers_a_call(desk, shop, camille):
    page = desk.text("subscriber", subscriber=camille.public_id)
    assert "Camille Morel camille@courriel.example · Lyon · enrolled on" in page
    assert "Access Full Subscription active Payment Up to date" in page
    assert "To do Nothing" in page
    assert "Hifi No commitment · renewed on day" in page and "version 1 of the offer" in page
    assert "€6.99 per month, 3 times" in page and "€12.99 per month" in page
    assert re.search(r"Device since \d+ \w+", page)
    assert "Visa 4242, good until 31 December 2034" in page
    assert "quality hifi Offer Hifi" in page
    assert re.search(r"streams 0 used, 3 left until \d+ \w+( \d{4})? 3 2 from Offer Hifi 1 from Option Device", page)


def test_the_page_as_on_a_past_day(desk, shop):
    zone = "Europe/Paris"
    with tenant(shop.id):
        row = enrolment.enrol(
            {"reference": "then", "name": "Lucie Garnier", "city": "Lyon"},
            merchant=shop.merchant,
            actor=JULIE,
            now=Now(at=utc("2026-03-01T10:00"), zone=zone),
        )
        moved = {"city": "Paris", "name": "Lucie Petit"}
        enrolment.revise(row, moved, actor=JULIE, now=Now(at=utc("2026-05-01T10:00"), zone=zone))
        late = Now(at=utc("2026-06-10T10:00"), zone=zone)
        history.update(
            row, {"company": "Petit SARL"}, actor=JULIE, now=late, verb="updated", effective_at=utc("2026-04-01T00:00")
        )

    def page(query):
        return desk.text("subscriber", query, subscriber=row.public_id)

    then = page("?as_of=2026-04-15T12:00")
    assert "Lucie Garnier Lyon · Petit SARL" in then and "Lucie Petit" not in then.split("History")[0]
    assert "As it was on 15 Apr 2026 12:00 , with all that is known today." in then
    known = page("?as_of=2026-04-15T12:00&known=then")
    assert "Lucie Garnier Lyon · enrolled" in known and "Petit SARL" not in known
    assert "Edit the profile" not in then and "Edit the profile" in page("")
    assert "Paris" not in "".join(
        entries(desk.get("subscriber", "?as_of=2026-04-15", subscriber=row.public_id).content.decode())
    )
    assert "Nobody yet at that moment" in page("?as_of=2026-02-28T23:59")
    assert "Nothing was known of them then" in page("?as_of=2026-02-01&known=then")
    assert desk.get("subscriber", "?as_of=yesterday", subscriber=row.public_id).status_code == 422
    assert desk.get("subscriber", "?as_of=2026-04-15T12:00Z", subscriber=row.public_id).status_code == 422
    with tenant(shop.id):
        forget(row, "name")
    assert "erased Lyon" in page("?as_of=2026-04-15T12:00")


def test_subscriptions_and_features_of_the_past(desk, shop, camille):
    with tenant(shop.id):
        bought = Change.objects.filter(verb="activated").get().recorded_at
        row = Subscription.objects.get()
        now = Now(at=bought + timedelta(days=40), zone="Europe/Paris")
        ended = {
            "status": "ended", "ended_at": now.at, "end_reason": "cancelled", "next_action_at": None,
            "service_ends_on": now.today, "billing_ends_on": now.today,
        }  # fmt: skip
        history.update(row, ended, actor=JULIE, now=now, verb="ended")
    present = desk.text("subscriber", subscriber=camille.public_id)
    assert "Access None No subscription" in present and "Over Offer From Ended Hifi" in present
    assert "quality hifi" not in present and "Nothing to pay" in present
    later = (bought + timedelta(days=2)).strftime("%Y-%m-%d")
    refused = desk.get("subscriber", f"?as_of={later}", subscriber=camille.public_id)
    assert refused.status_code == 422 and "has not come yet" in refused.content.decode()
    when = shop.now().today.isoformat()
    then = desk.text("subscriber", f"?as_of={when}", subscriber=camille.public_id)
    assert "Access Full Subscription active" in then
    assert "quality hifi Offer Hifi" in then and "2 from Offer Hifi 1 from Option Device" in then
    assert "€6.99 per month, 3 times" in then and "Visa 4242" in then


def test_what_there_is_to_do(desk, shop, camille):
    def to_do():
        return desk.text("subscriber", subscriber=camille.public_id).split(" To do ")[1]

    now = shop.now()
    with tenant(shop.id):
        row, card = Subscription.objects.get(), PaymentMethod.objects.get()
        due = row.current_period_end
        before = due.replace(day=1) - timedelta(days=1)
        history.update(card, {"exp_month": before.month, "exp_year": before.year}, actor=JULIE, now=now, verb="updated")
    assert to_do().startswith("Have the card replaced Visa 4242 expires on")
    with tenant(shop.id):
        history.update(card, {"detached_at": now.at, "is_default": False}, actor=JULIE, now=now, verb="detached")
    assert to_do().startswith("Ask for a means of payment")
    with tenant(shop.id):
        history.update(row, {"payment_state": "overdue"}, actor=JULIE, now=now, verb="payment_settled")
    assert to_do().startswith("Take the overdue payment")
    page = desk.text("subscriber", subscriber=camille.public_id)
    assert "Access Grace A payment failed Payment Overdue The automatic tries are over" in page


def test_a_card_that_lasts_until_its_months_end_is_not_too_short(desk, shop, camille):
    now = shop.now()
    with tenant(shop.id):
        due = Subscription.objects.get().current_period_end
        card = PaymentMethod.objects.get()
        history.update(card, {"exp_month": due.month, "exp_year": due.year}, actor=JULIE, now=now, verb="updated")
    assert "To do Nothing" in desk.text("subscriber", subscriber=camille.public_id)


@pytest.mark.parametrize(
    ("stages", "columns", "dates"),
    [
        (
            [("month", 1, 0), ("month", 3, 6_99), ("month", None, 12_99)],
            {"start_on": date(2026, 7, 20), "stage_position": 1, "stage_started_on": date(2026, 8, 20),
             "cycle_from": date(2026, 8, 20), "anchor_kind": "month_day", "anchor_day": 20},
            [
                (date(2026, 7, 20), date(2026, 8, 20)),
                (date(2026, 8, 20), date(2026, 11, 20)),
                (date(2026, 11, 20), None),
            ],
        ),
        (
            [("day", 14, 0), ("month", 2, 5_00), ("month", None, 10_00)],
            {"start_on": date(2026, 1, 17), "stage_position": 0, "stage_started_on": date(2026, 1, 17),
             "cycle_from": date(2026, 1, 17)},
            [(date(2026, 1, 17), date(2026, 1, 31)), (date(2026, 1, 31), date(2026, 3, 31)), (date(2026, 3, 31), None)],
        ),
        (
            [("month", None, 10_00)],
            {"start_on": date(2026, 5, 14)},
            [(date(2026, 5, 14), None)],
        ),
    ],
    ids=["mid-life", "a free fortnight, then the 31st", "not begun"],
)  # fmt: skip
def test_stages_have_their_dates_from_where_the_subscription_stands(shop, stages, columns, dates):
    offer = shop.offer("x", *stages)
    with tenant(shop.id):
        version = OfferVersion.objects.get(offer=offer)
        picture = offer_pictures([version.pk])[version.pk]
    row = Subscription(status="active", offer_version=version, quantity=1, **columns)
    assert list(spans(row, picture).values()) == [Span(start, end) for start, end in dates]


def test_the_running_stage_says_how_much_of_it_is_over(shop):
    offer = shop.offer("x", ("month", 1, 0), ("month", 3, 6_99), ("month", None, 12_99))
    with tenant(shop.id):
        version = OfferVersion.objects.get(offer=offer)
        picture = offer_pictures([version.pk])[version.pk]
    row = Subscription(
        status="active", offer_version=version, quantity=2, start_on=date(2026, 7, 20), stage_position=1,
        stage_started_on=date(2026, 8, 20), cycle_from=date(2026, 8, 20), anchor_kind="month_day", anchor_day=20,
    )  # fmt: skip
    rows = stage_rows(row, picture, today=date(2026, 11, 3), language="en")
    assert [(one["when"], one["months"]) for one in rows] == [("past", 1), ("now", 3), ("next", 2)]
    assert rows[1]["share"] == 75 / 92  # days since 20 August, of those to 20 November
    assert [one["price"] for one in rows] == ["€0.00", "€13.98 per month, 3 times", "€25.98 per month"]
    assert rows[2]["starts"] == "20 Nov, without end"
    row.service_ends_on = date(2026, 11, 20)
    assert len(stage_rows(row, picture, today=date(2026, 11, 3), language="en")) == 2


def test_the_profile_is_changed_and_faults_stand_beside_their_fields(desk, shop, camille):
    url = desk.url("subscriber_edit", subscriber=camille.public_id)
    form = desk.client.get(url).content.decode()
    assert 'value="Camille Morel"' in form and 'value="ON-204817"' in form
    sent = {"name": "Camille Petit", "email": "camille@courriel.example", "locale": "fr", "city": "Paris",
            "reference": "ON-204817", "country": "fr"}  # fmt: skip
    answer = desk.client.post(url, sent)
    assert (answer.status_code, answer["Location"]) == (302, desk.url("subscriber", subscriber=camille.public_id))
    with tenant(shop.id):
        row = Subscriber.objects.get()
        assert (row.name, row.city, row.country, row.search.split()[0]) == ("Camille Petit", "Paris", "FR", "camille")
        change = Change.objects.filter(subject_kind="subscriber").latest("id")
        assert (change.verb, set(change.after), change.channel) == ("updated", {"name", "city", "country"}, "web")
        count = Change.objects.count()
    answer = desk.client.post(url, {**sent, "email": "nobody", "siren": "12"})
    assert answer.status_code == 422
    said = words(answer.content)
    assert "This is not an e-mail address." in said and "This is not a SIREN: nine digits, the last a check." in said
    shop.enrol("taken")
    answer = desk.client.post(url, {**sent, "reference": "taken"})
    assert answer.status_code == 422 and "“taken” exists already" in words(answer.content)
    with tenant(shop.id):
        assert Change.objects.count() == count + 1


def test_somebody_is_enrolled_at_the_office(shop):
    desk = Desk.at(shop, "support")
    with tenant(shop.id):
        Site.objects.create(reference="lyon", name="Lyon", created_at=shop.now().at)
        site = Site.objects.get()
    url = desk.url("subscriber_new")
    assert "Lyon" in desk.client.get(url).content.decode()
    answer = desk.client.post(url, {"name": "Hugo Lenoir", "locale": "en", "site": site.public_id})
    with tenant(shop.id):
        row = Subscriber.objects.get()
        change = Change.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, desk.url("subscriber", subscriber=row.public_id))
    assert (row.name, row.locale, row.site_id, row.reference) == ("Hugo Lenoir", "en", site.pk, row.public_id)
    assert (row.channel, change.channel, change.actor_label) == ("call_centre", "call_centre", "Julie Renaud")
    assert "Hugo Lenoir is enrolled." in desk.text("subscriber", subscriber=row.public_id)


def test_who_only_reads_sees_no_act(shop, camille):
    page = Desk.at(shop, "read_only").text("subscriber", subscriber=camille.public_id)
    assert "Edit the profile" not in page and "Camille Morel" in page
    answer = Desk.at(shop, "read_only").get("subscriber_edit", subscriber=camille.public_id)
    assert answer.status_code == 403


def test_who_is_erased_is_not_edited(desk, shop, camille):
    now = shop.now()
    with tenant(shop.id):
        history.update(camille, {"erased_at": now.at, "name": ""}, actor=JULIE, now=now, verb="erased")
    assert desk.get("subscriber_edit", subscriber=camille.public_id).status_code == 404
    page = desk.text("subscriber", subscriber=camille.public_id)
    assert "Personal values were erased on" in page and "Edit the profile" not in page


def test_payer_and_those_paid_for_name_each_other(desk, shop):
    father, child = shop.enrol("father", name="Paul"), shop.enrol("child", name="Zoé")
    with tenant(shop.id):
        history.update(child, {"payer_id": father.pk}, actor=JULIE, now=shop.now(), verb="updated")
    assert "Paid for by Paul" in desk.text("subscriber", subscriber=child.public_id)
    assert "Pays for Zoé" in desk.text("subscriber", subscriber=father.public_id)
    assert "Who pays none Paul" in desk.text("subscriber", subscriber=child.public_id)


def test_french(shop, camille):
    desk = Desk.at(shop, locale="fr")
    page = desk.text("subscriber", subscriber=camille.public_id)
    assert "Accès Complet Abonnement actif Paiement À jour Prochain débit" in page
    assert "6,99 € par mois, 3 fois" in page and "12,99 € par mois" in page
    assert "Sans engagement · le" in page and "Droits ouverts" in page and "Paiement réussi" in page
    for english in (
        "Subscription",
        "Features",
        "Enrolled",
        "enrolled",
        "Means",
        "None",
        "Nothing",
        "none",
        "Today",
        "from",
    ):
        assert english not in page, english
    form = desk.text("subscriber_edit", subscriber=camille.public_id)
    assert "Modifier le profil" in form and "Language" not in form


def test_what_people_type_stays_text(desk, shop):
    row = shop.enrol("x", name="<img src=x onerror=alert(1)>", metadata={"<b>": "<script>alert(1)</script>"})
    page = desk.get("subscriber", subscriber=row.public_id).content.decode()
    assert "<img" not in page and "<script>alert" not in page and "&lt;img src=x" in page
