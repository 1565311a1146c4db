"""Sign-up and log-in as a person meets them: one form, one mail, then an office; nobody learns who has an account."""

from __future__ import annotations

import re
import secrets

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from merchants.models import Merchant, User
from merchants.services import people
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from tests.pages.offices import NOW, colleague, logged_in, office, person

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a quiet rest in four four"


@pytest.fixture(autouse=True)
def nobody_has_tried_yet():
    cache.clear()  # allauth's rate limits
    mail.outbox.clear()


def address() -> str:
    return f"new{secrets.token_hex(6)}@onde.example"


def sign_up(client: Client, **values: str):
    return client.post(reverse("account_signup"), {"company": "Onde", "password1": PASSWORD, **values})


def link_in(message, pattern: str) -> str:
    found = re.search(pattern, message.body)
    assert found, message.body
    return found[0]


def test_sign_up_asks_for_three_things_then_a_mail_opens_the_office():
    client, email = Client(), address()
    page = client.get(reverse("account_signup"))
    assert list(page.context["form"].fields) == ["company", "email", "password1"]

    sent = sign_up(client, email=email, company="  Onde  musique ")
    assert (sent.status_code, sent["Location"]) == (302, reverse("account_email_verification_sent"))
    user = User.objects.get(email=email)
    assert (user.company, user.locale, across_tenants("memberships", user.id)) == ("Onde musique", "en", [])
    assert client.get("/").status_code == 302  # not in yet
    assert client.get("/")["Location"].startswith(reverse("account_login"))

    [message] = mail.outbox
    assert message.to == [email]
    confirm = link_in(message, r"/accounts/confirm-email/\S+")
    assert client.get(confirm).status_code == 200
    assert across_tenants("memberships", user.id) == []
    landed = client.post(confirm, follow=True)

    memberships = across_tenants("memberships", user.id)
    assert len(memberships) == 2
    merchants = []
    for merchant_id, _ in memberships:
        with tenant(merchant_id):
            merchants.append(Merchant.objects.get())
    assert [(one.name, one.is_sandbox) for one in merchants] == [("Onde musique", False), ("Onde musique", True)]
    assert landed.redirect_chain[-1][0] == reverse("office:home", kwargs={"merchant": merchants[0].public_id})
    assert landed.status_code == 200
    user.refresh_from_db()
    assert user.company == ""


def test_an_address_that_has_an_account_is_answered_like_a_new_one():
    known, client, other = person(), Client(), Client()
    for_known = sign_up(client, email=known.email.upper())
    for_new = sign_up(other, email=address())
    assert (for_known.status_code, for_known["Location"]) == (for_new.status_code, for_new["Location"])
    assert User.objects.filter(email=known.email).count() == 1
    known.refresh_from_db()
    assert known.company == ""
    to_known = [message for message in mail.outbox if message.to == [known.email]]
    assert len(to_known) == 1
    assert "/accounts/confirm-email/" not in to_known[0].body


def test_log_in_and_reset_do_not_tell_whether_there_is_an_account():
    known = person()
    errors = []
    for email in (known.email, address()):
        answer = Client().post(reverse("account_login"), {"login": email, "password": "not the password"})
        errors.append((answer.status_code, answer.context["form"].errors.as_json()))
    assert errors[0] == errors[1]
    resets = [Client().post(reverse("account_reset_password"), {"email": email}) for email in (known.email, address())]
    assert resets[0]["Location"] == resets[1]["Location"]


def test_tries_at_a_password_are_limited_even_for_the_right_one():
    user = person()
    user.set_password(PASSWORD)
    user.save()
    for _ in range(5):
        Client().post(reverse("account_login"), {"login": user.email, "password": "wrong"})
    client = Client()
    refused = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert refused.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("field", "value"),
    [("company", ""), ("company", "x" * 121), ("company", "\u202e\u0007"), ("email", "none"), ("password1", "short")],
)
def test_a_faulty_field_says_so_beside_itself_and_opens_nothing(field, value):
    email = address()
    page = sign_up(Client(), **{"email": email, field: value})
    assert page.status_code == 200
    assert list(page.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in page.content.decode()
    assert not User.objects.filter(email=email).exists()
    assert mail.outbox == []


def test_who_is_on_nobodys_staff_is_asked_for_a_company_and_gets_one_office():
    user = person()
    client = logged_in(user)
    assert client.get("/")["Location"] == reverse("welcome")
    assert client.post(reverse("welcome"), {"company": " "}).status_code == 422
    landed = client.post(reverse("welcome"), {"company": "Soleil"}, follow=True)
    assert landed.status_code == 200
    assert len(across_tenants("memberships", user.id)) == 2
    assert client.get(reverse("welcome"))["Location"] == "/"
    client.post(reverse("welcome"), {"company": "Another"})
    client.get("/")
    assert len(across_tenants("memberships", user.id)) == 2


def invitation_of(email: str, role: str = "support"):
    seat = office("Soleil")
    with tenant(seat.merchant.id):
        invited = people.invite(email=email, role=role, by=seat.member(), now=NOW)
        invited.invitation.expires_at = NOW.at.replace(year=2099)
        invited.invitation.save()
    return seat, reverse("invitation", kwargs={"token": invited.token})


def test_who_is_invited_and_has_no_account_opens_one_without_a_second_mail_and_joins():
    email = address()
    seat, link = invitation_of(email)
    client = Client()
    shown = client.get(link)
    assert shown.status_code == 200
    assert "Soleil" in shown.content.decode()
    to_form = client.post(link, {"act": "sign_up"})
    form = client.get(to_form["Location"])
    assert list(form.context["form"].fields) == ["email", "password1"]
    back = client.post(to_form["Location"], {"password1": PASSWORD, "next": link, "email": "other@evil.example"})
    assert (back.status_code, back["Location"]) == (302, link)
    user = User.objects.get(email=email)
    assert EmailAddress.objects.get(user=user).verified
    assert mail.outbox == []
    joined = client.post(link, {"act": "join"})
    assert joined["Location"] == reverse("office:home", kwargs={"merchant": seat.merchant.public_id})
    assert [found.merchant_id for found in across_tenants("memberships", user.id)] == [seat.merchant.id]
    assert client.get(joined["Location"]).status_code == 200
    assert client.get(link).status_code == 404


def test_an_address_proved_by_an_invitation_counts_only_on_the_way_back_to_it():
    seat, link = invitation_of(address())
    client = Client()
    client.post(link, {"act": "sign_up"})
    form = client.get(reverse("account_signup"))
    assert list(form.context["form"].fields) == ["company", "email", "password1"]
    mine = address()
    sign_up(client, email=mine)
    assert [row.verified for row in EmailAddress.objects.filter(user__email=mine)] == [False]
    assert seat.merchant.name == "Soleil"


def test_an_invitation_of_another_is_shown_and_not_accepted():
    seat, link = invitation_of(address())
    stranger = logged_in(person())
    page = stranger.get(link).content.decode()
    assert "This invitation is for" in page
    assert stranger.post(link, {"act": "join"}).status_code == 409
    with tenant(seat.merchant.id):
        assert len(people.members()) == 1


def test_unknown_expired_and_withdrawn_invitations_answer_alike():
    seat, link = invitation_of(address())
    with tenant(seat.merchant.id):
        row = people.open_invitations(NOW)[0]
        people.withdraw(row, by=seat.member(), now=NOW)
    answers = [Client().get(url) for url in (link, reverse("invitation", kwargs={"token": "x" * 43}))]
    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [re.sub(r"/invitations/\S+?\"", "", answer.content.decode()) for answer in answers]
    bodies = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body) for body in bodies]
    assert bodies[0] == bodies[1]


def test_the_language_is_kept_on_the_person_and_spoken_in_the_office():
    seat = office(locale="en")
    assert "Home" in seat.client.get(seat.url("home")).content.decode()
    seat.client.post(reverse("set_language"), {"language": "fr", "next": "/"})
    seat.user.refresh_from_db()
    assert seat.user.locale == "fr"
    page = logged_in(seat.user).get(seat.url("home"))  # another device
    assert page["Content-Language"] == "fr"
    seat.client.post(reverse("set_language"), {"language": "xx", "next": "/"})
    seat.user.refresh_from_db()
    assert seat.user.locale == "fr"


def test_a_removed_member_is_out_at_once_in_an_open_session():
    seat = office()
    support = colleague(seat, "support")
    assert support.client.get(seat.url("home")).status_code == 200
    seat.client.post(seat.url("setting_member_remove", member=support.member().public_id))
    assert support.client.get(seat.url("home")).status_code == 404
    assert support.client.get("/")["Location"] == reverse("welcome")
