"""Settings: identity and brand, companies and taxes, staff, provider; what each writes, refuses and never shows."""

from __future__ import annotations

import html
import re
from datetime import date

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from merchants.ids import new_id, show
from merchants.models import Event, Invitation, LegalEntity, Membership, Merchant, ProviderAccount, TaxRate
from merchants.secrets import decrypt
from merchants.services import people
from merchants.tenancy.scope import tenant
from tests.pages.offices import NOW, colleague, office

pytestmark = pytest.mark.django_db(transaction=True)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path d="M0 0h10"/></svg>'
IDENTITY = {
    "name": "Onde musique",
    "support_email": "aide@onde.example",
    "website": "https://onde.example",
    "locale": "fr",
    "timezone": "Pacific/Noumea",
    "currency": "EUR",
    "payment_terms_days": "30",
    "brand_color": "#aa3300",
    "success_url": "https://onde.example/merci",
}
COMPANY = {
    "name": "Onde SAS",
    "siren": "732 829 320",
    "siret": "",
    "vat_number": "FR 44 732829320",
    "line1": "12 quai de Saône",
    "postal_code": "69002",
    "city": "Lyon",
    "country": "fr",
    "number_format": "{year}-{number:06d}",
}


def merchant_of(seat) -> Merchant:
    with tenant(seat.merchant.id):
        return Merchant.objects.get()


def beside(answer, field: str) -> str:
    page = html.unescape(answer.content.decode())
    found = re.search(rf'id="id_{field}_error">(.*?)</span>', page)
    assert found, f"nothing stands beside {field}"
    return found[1]


class TestIdentity:
    def test_what_was_filled_in_is_kept_and_told(self):
        seat = office()
        saved = seat.client.post(
            seat.url("settings"), {**IDENTITY, "logo": SimpleUploadedFile("logo.svg", SVG, "image/svg+xml")}
        )
        assert saved["Location"] == seat.url("settings")
        merchant = merchant_of(seat)
        kept = {name: str(getattr(merchant, name)) for name in IDENTITY}
        assert kept == {**IDENTITY, "brand_color": "#AA3300"}
        assert merchant.logo_svg == SVG.decode()
        with tenant(seat.merchant.id):
            assert Event.objects.filter(kind="merchant.updated").count() == 2
        assert "Onde musique" in seat.client.get(seat.url("home")).content.decode()

    def test_the_colour_and_the_logo_are_served_to_anybody(self):
        seat = office()
        seat.client.post(seat.url("settings"), {**IDENTITY, "logo": SimpleUploadedFile("logo.svg", SVG)})
        css = Client().get(reverse("brand", kwargs={"merchant": seat.merchant.public_id}))
        assert css["Content-Type"] == "text/css; charset=utf-8"
        assert b"--brand: light-dark(#AA3300, " in css.content
        logo = Client().get(reverse("brand_logo", kwargs={"merchant": seat.merchant.public_id}))
        assert (logo["Content-Type"], logo.content) == ("image/svg+xml", SVG)
        assert "sandbox" in logo["Content-Security-Policy"]
        seat.client.post(seat.url("settings"), {**IDENTITY, "no_logo": "on"})
        assert Client().get(logo.request["PATH_INFO"]).status_code == 404
        for unknown in (show("mer", new_id()), "mer_x", "x"):
            assert Client().get(reverse("brand", kwargs={"merchant": unknown})).status_code == 404

    @pytest.mark.parametrize(
        ("field", "value", "says"),
        [
            ("name", " ", "This field is required."),
            ("timezone", "Mars/Olympus", "Select a valid choice."),
            ("brand_color", "red", "Write a colour as six hexadecimal digits"),
            ("payment_terms_days", "9999", "A whole number from 0 to 365."),
            ("support_email", "nobody", "Enter a valid email address."),
            ("website", "javascript:alert(1)", "Enter a valid URL."),
            ("success_url", "no address", "Enter a valid URL."),
        ],
    )
    def test_a_faulty_field_says_so_beside_itself_and_nothing_is_kept(self, field, value, says):
        seat = office()
        answer = seat.client.post(seat.url("settings"), {**IDENTITY, field: value})
        assert answer.status_code == 422
        assert beside(answer, field).startswith(says)
        assert (merchant_of(seat).name, merchant_of(seat).payment_terms_days) == ("Onde", 0)

    @pytest.mark.parametrize(
        "content", [b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"\x89PNG", b"\xff\xfe", b"<svg/>"]
    )
    def test_a_logo_that_is_more_than_shapes_is_refused_and_the_rest_of_the_form_with_it(self, content):
        seat = office()
        answer = seat.client.post(seat.url("settings"), {**IDENTITY, "logo": SimpleUploadedFile("logo.svg", content)})
        assert answer.status_code == 422
        assert beside(answer, "logo").startswith("An SVG of plain shapes")
        assert (merchant_of(seat).name, merchant_of(seat).logo_svg) == ("Onde", "")

    def test_an_accountant_reads_and_cannot_write(self):
        seat = colleague(office(), "accountant")
        assert "<fieldset disabled>" in seat.client.get(seat.url("settings")).content.decode()
        assert seat.client.post(seat.url("settings"), IDENTITY).status_code == 403
        assert merchant_of(seat).name == "Onde"


class TestCompanies:
    def test_a_french_company_is_the_default_and_begins_with_the_french_rates(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), COMPANY)
        with tenant(seat.merchant.id):
            entity = LegalEntity.objects.get()
            rates = {rate.tax_code: str(rate.percent) for rate in TaxRate.objects.all()}
        assert (entity.siren, entity.vat_number, entity.country, entity.is_default) == (
            "732829320",
            "FR44732829320",
            "FR",
            True,
        )
        assert (rates["electronic"], rates["books"], rates["press"]) == ("20.000", "5.500", "2.100")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("siren", "732829321"),
            ("siret", "73282932000075"),
            ("vat_number", "FR00732829320"),
            ("country", "ZZ"),
            ("postal_code", ""),
            ("number_format", "{year}"),
            ("oss_since", "2020-01-01"),
        ],
    )
    def test_a_number_that_fails_its_check_is_named_beside_its_field(self, field, value):
        seat = office()
        answer = seat.client.post(seat.url("setting_entity_new"), {**COMPANY, field: value})
        assert answer.status_code == 422
        assert beside(answer, field)
        with tenant(seat.merchant.id):
            assert LegalEntity.objects.count() == 0

    def test_a_later_rate_is_added_and_the_former_stays(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), COMPANY)
        with tenant(seat.merchant.id):
            entity = LegalEntity.objects.get().public_id
        rate = {"country": "fr", "tax_code": "electronic", "percent": "21", "from_on": "2027-01-01", "name": "TVA"}
        url = seat.url("setting_entity_rate", entity=entity)
        assert seat.client.post(url, rate).status_code == 302
        again = seat.client.post(url, rate)
        assert again.status_code == 409 or again.status_code == 422
        assert seat.client.post(url, {**rate, "percent": "100", "from_on": "2028-01-01"}).status_code == 422
        with tenant(seat.merchant.id):
            rows = TaxRate.objects.filter(tax_code="electronic").order_by("from_on")
            assert [(str(row.percent), str(row.from_on)) for row in rows] == [
                ("20.000", "2014-01-01"),
                ("21.000", "2027-01-01"),
            ]

    def test_saving_changes_the_company_and_says_what_documents_keep(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), COMPANY)
        with tenant(seat.merchant.id):
            entity = LegalEntity.objects.get().public_id
        page = seat.client.post(
            seat.url("setting_entity", entity=entity), {**COMPANY, "city": "Paris", "is_default": "on"}, follow=True
        )
        assert "Documents issued before keep what they say." in page.content.decode()
        with tenant(seat.merchant.id):
            assert LegalEntity.objects.get().city == "Paris"

    def test_what_documents_say_is_kept_by_language_and_what_they_lack_is_said(self):
        seat = office()
        seat.client.post(seat.url("setting_entity_new"), {**COMPANY, "legal_form": "SAS"})
        with tenant(seat.merchant.id):
            url = seat.url("setting_entity", entity=LegalEntity.objects.get().public_id)
        page = html.unescape(seat.client.get(url).content.decode())
        assert "its capital" in page and "where it is registered" in page and "its SIREN" not in page
        said = {
            "late_penalty_fr": "12 % par an",
            "own_mentions_fr": "Médiateur : cm2c.net",
            "own_mentions_en": "Mediator: cm2c.net",
            "oss_since": "2026-07-01",
            "legal_form": "SAS",
            "capital": "10 000 €",
            "registry": "RCS Lyon",
        }
        seat.client.post(url, {**COMPANY, **said, "is_default": "on"})
        with tenant(seat.merchant.id):
            entity = LegalEntity.objects.get()
        assert (entity.late_penalty, entity.early_discount) == ({"fr": "12 % par an"}, {})
        assert entity.own_mentions == {"fr": "Médiateur : cm2c.net", "en": "Mediator: cm2c.net"}
        assert entity.oss_since == date(2026, 7, 1)
        page = html.unescape(seat.client.get(url).content.decode())
        assert "lack what the law asks for" not in page
        assert 'value="12 % par an"' in page and 'value="2026-07-01"' in page
        abroad = re.sub(r"<[^>]+>|\s", "", page[page.index("What consumers of other member states pay") :])
        assert "Italy22%4%4%" in abroad and "Finland25.5%13.5%13.5%" in abroad and "France20%" not in abroad


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
