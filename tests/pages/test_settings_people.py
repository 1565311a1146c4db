"""Settings of who works here and who takes the money: the staff, the payment provider."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from merchants.models import Invitation, Membership, ProviderAccount
from merchants.secrets import decrypt
from merchants.services import people
from merchants.tenancy.scope import tenant
from tests.pages.offices import NOW, colleague, office
from tests.pages.settings_seen import beside

pytestmark = pytest.mark.django_db(transaction=True)


class TestStaff:
    def test_an_invitation_is_mailed_to_the_invited_and_shown_to_nobody(self):
        seat = office()
        mail.outbox.clear()
        page = seat.client.post(
            seat.url("setting_members"), {"email": "Julie@Onde.example", "role": "support"}, follow=True
        ).content.decode()
        [letter] = mail.outbox
        assert letter.to == ["julie@onde.example"]
        [link] = set(re.findall(r"/invitations/[\w-]{43}", letter.body))
        assert link in letter.alternatives[0][0]
        assert "Invited: julie@onde.example." in page
        assert "/invitations/" not in re.sub(r"settings/invitations/", "", page)
        assert Client().get(link).status_code == 200

    def test_sending_again_replaces_the_link(self):
        seat = office()
        mail.outbox.clear()
        seat.client.post(seat.url("setting_members"), {"email": "julie@onde.example", "role": "support"})
        with tenant(seat.merchant.id):
            shown = Invitation.objects.get().public_id
        seat.client.post(seat.url("setting_invitation_again", invitation=shown))
        old, new = (re.search(r"/invitations/[\w-]{43}", letter.body)[0] for letter in mail.outbox)
        assert (Client().get(old).status_code, Client().get(new).status_code) == (404, 200)
        with tenant(seat.merchant.id):
            current = people.open_invitations(NOW)[0].public_id
        seat.client.post(seat.url("setting_invitation_withdraw", invitation=current))
        assert Client().get(new).status_code == 404

    def test_mail_that_cannot_be_sent_is_said_and_the_invitation_stays(self, settings):
        seat = office()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        page = seat.client.post(
            seat.url("setting_members"), {"email": "julie@onde.example", "role": "support"}, follow=True
        ).content.decode()
        assert "the mail could not be sent" in page
        with tenant(seat.merchant.id):
            assert Invitation.objects.filter(withdrawn_at=None).count() == 1

    @pytest.mark.parametrize(
        ("email", "role", "field"),
        [("nobody", "support", "email"), ("a@b.example", "root", "role"), ("", "admin", "email")],
    )
    def test_a_faulty_invitation_says_so_and_mails_nobody(self, email, role, field):
        seat = office()
        mail.outbox.clear()
        answer = seat.client.post(seat.url("setting_members"), {"email": email, "role": role})
        assert answer.status_code == 422
        assert field in answer.context["form"].errors
        assert mail.outbox == []

    def test_an_admin_does_not_make_owners_nor_touch_them(self):
        owner = office()
        admin = colleague(owner, "admin")
        page = admin.client.get(admin.url("setting_members")).content.decode()
        assert 'value="owner"' not in page
        answer = admin.client.post(
            admin.url("setting_member_role", member=owner.member().public_id), {"role": "read_only"}
        )
        assert answer.status_code == 403
        assert admin.client.post(admin.url("setting_member_remove", member=owner.member().public_id)).status_code == 403
        assert owner.member().role == "owner"

    def test_the_last_owner_is_told_why_not(self):
        seat = office()
        answer = seat.client.post(seat.url("setting_member_remove", member=seat.member().public_id))
        assert answer.status_code == 409
        page = answer.content.decode()
        assert "This is the only owner." in page and "Make someone else an owner first." in page

    def test_a_new_role_counts_at_once(self):
        owner = office()
        reader = colleague(owner, "read_only")
        assert reader.client.get(reader.url("developers")).status_code == 403
        owner.client.post(owner.url("setting_member_role", member=reader.member().public_id), {"role": "admin"})
        assert reader.client.get(reader.url("developers")).status_code == 200

    def test_a_member_leaves_without_seeing_the_settings(self):
        seat = colleague(office(), "counter")
        member = seat.member().public_id
        assert seat.client.post(seat.url("setting_member_remove", member=member))["Location"] == "/"
        with tenant(seat.merchant.id):
            assert Membership.objects.get(user=seat.user).removed_at is not None


class TestProvider:
    def test_a_key_is_encrypted_masked_and_never_shown_again(self, settings):
        settings.STRIPE_API_BASE = None
        seat = office()
        secret = "sk_live_51Habcdefghijklmnop9XyZ"
        page = seat.client.post(seat.url("setting_provider"), {"secret": f" {secret} "}, follow=True).content.decode()
        assert secret not in page and "sk_live_…9XyZ" in page
        with tenant(seat.merchant.id):
            before, now = ProviderAccount.objects.order_by("id")
        assert (before.kind, before.is_default, now.kind, now.is_default) == ("manual", False, "stripe", True)
        assert secret.encode() not in bytes(now.secret)
        assert decrypt(now.secret) == secret
        signed = seat.client.post(
            seat.url("setting_provider_webhook"), {"webhook_secret": "whsec_abcdefgh1234"}, follow=True
        ).content.decode()
        assert "whsec_…1234" in signed and "whsec_abcdefgh1234" not in signed

    @pytest.mark.parametrize(
        ("secret", "says"),
        [
            ("pk_live_51Habcdefghijklmnop", "A secret key of Stripe begins with"),
            ("sk_test_51Habcdefghijklmnop", "Here a live key is needed"),
            ("sk_live_", "A secret key of Stripe begins with"),
            ("x" * 300, "Ensure this value has at most 256 characters"),
        ],
    )
    def test_a_key_of_the_wrong_kind_is_refused_beside_its_field(self, settings, secret, says):
        settings.STRIPE_API_BASE = None
        seat = office()
        answer = seat.client.post(seat.url("setting_provider"), {"secret": secret})
        assert answer.status_code == 422
        assert beside(answer, "secret").startswith(says)
        assert secret not in answer.content.decode()
        with tenant(seat.merchant.id):
            assert [row.kind for row in ProviderAccount.objects.all()] == ["manual"]

    def test_rolling_a_key_keeps_the_account_and_disconnecting_keeps_it_readable(self, settings):
        settings.STRIPE_API_BASE = None
        seat = office()
        for secret in ("sk_live_51Habcdefghijkl0001", "rk_live_51Habcdefghijkl0002"):
            seat.client.post(seat.url("setting_provider"), {"secret": secret})
        seat.client.post(seat.url("setting_provider_disconnect"))
        with tenant(seat.merchant.id):
            manual, stripe = ProviderAccount.objects.order_by("id")
        assert (manual.kind, manual.is_default, manual.disconnected_at) == ("manual", True, None)
        assert (stripe.kind, stripe.is_default) == ("stripe", False)
        assert stripe.disconnected_at is not None
        assert decrypt(stripe.secret).endswith("0002")

    def test_a_sandbox_keeps_its_simulated_provider_for_test_clocks(self):
        seat = office()
        url = reverse("office:setting_provider", kwargs={"merchant": seat.sandbox.public_id})
        assert seat.client.post(url, {"secret": "sk_test_51Habcdefghijkl0001"}).status_code == 302
        with tenant(seat.sandbox.id):
            rows = [(row.kind, row.is_default, row.disconnected_at) for row in ProviderAccount.objects.order_by("id")]
        assert rows == [("simulated", False, None), ("stripe", True, None)]

    def test_the_signing_secret_needs_stripe(self):
        seat = office()
        answer = seat.client.post(seat.url("setting_provider_webhook"), {"webhook_secret": "whsec_abcdefgh1234"})
        assert answer.status_code == 422
        assert "Stripe is not connected." in answer.content.decode()
