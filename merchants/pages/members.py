"""Settings: the staff. Who is on it, who is invited, and the acts on both."""

from __future__ import annotations

import logging
from collections.abc import Callable
from smtplib import SMTPException

from django import forms
from django.contrib import messages
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from merchants.http.frame import OfficeRequest, beside, office_page, office_render, role_name
from merchants.permissions import Permission, manages
from merchants.refusals import NotFound
from merchants.services import people, pins

_log = logging.getLogger(__name__)


def role_note(role: str) -> str:
    """What a role is for, in a line."""
    return {
        "owner": _("Everything, and who else owns the merchant"),
        "admin": _("Everything but the owners"),
        "accountant": _("Documents, payments, refunds, billing runs; reads the rest"),
        "support": _("Subscribers, their subscriptions, gestures; reads the rest"),
        "counter": _("The till: enrols, takes payments"),
        "read_only": _("Reads, changes nothing"),
    }.get(role, "")


class InviteForm(forms.Form):
    """Whom, as what."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=gettext_lazy("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: object, roles: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        chosen = self.fields["role"]
        assert isinstance(chosen, forms.ChoiceField)
        said = _("%(name)s: %(value)s")
        chosen.choices = [(role, said % {"name": role_name(role), "value": role_note(role)}) for role in roles]
        self.initial.setdefault("role", "support")


@office_page(permission="see_settings", post="edit_members")
def members(request: OfficeRequest) -> HttpResponse:
    """The staff and the open invitations; POST invites."""
    office = request.office
    roles = people.roles_to_give(office.membership)
    form = InviteForm(request.POST or None, roles=roles)
    if form.is_valid():
        with beside(form):
            invited = people.invite(**form.cleaned_data, by=office.membership, now=office.now)
        if form.is_valid():
            post_invitation(request, invited)
            return redirect(office.url("setting_members"))
    rows = [
        {
            "member": row,
            "name": row.user.name or row.user.email,
            "address": row.user.email if pins.has_address(row.user) else "",
            "role": role_name(row.role),
            "is_me": row.id == office.membership.id,
            "roles": [(role, role_name(role)) for role in roles] if manages(office.role, row.role) else [],
            "removable": row.id == office.membership.id or manages(office.role, row.role),
        }
        for row in people.members()
    ]
    waiting = [
        {"invitation": row, "role": role_name(row.role), "mine": manages(office.role, row.role)}
        for row in people.open_invitations(office.now)
    ]
    context = {
        "form": form,
        "rows": rows,
        "waiting": waiting,
        "may_invite": office.may(Permission.edit_members),
        "setting": "members",
    }
    return office_render(request, "merchants/members.html", context, status=422 if form.is_bound else 200)


@require_POST
@office_page(permission="see_settings", post="edit_members")
def member_role(request: OfficeRequest, member: str) -> HttpResponse:
    """Give a member another role."""
    office = request.office
    row = people.member(member)
    people.change_role(row, request.POST.get("role", ""), by=office.membership)
    row.refresh_from_db()
    told = {"who": row.user.name or row.user.email, "role": role_name(row.role)}
    messages.success(request, _("%(who)s: %(role)s, from now on.") % told)
    return redirect(office.url("setting_members"))


@require_POST
@office_page(permission="see_office")
def member_remove(request: OfficeRequest, member: str) -> HttpResponse:
    """Remove a member, or leave; who may is the service's rule."""
    office = request.office
    if not office.may(Permission.see_settings) and office.membership.public_id != member:
        raise NotFound
    row = people.member(member)
    people.remove(row, by=office.membership, now=office.now)
    if row.id == office.membership.id:
        return redirect("entry")
    messages.success(request, _("%(who)s is no longer on the staff.") % {"who": row.user.name or row.user.email})
    return redirect(office.url("setting_members"))


@require_POST
@office_page(permission="see_settings", post="edit_members")
def invitation_again(request: OfficeRequest, invitation: str) -> HttpResponse:
    """Mail an invitation again, with a new link."""
    office = request.office
    invited = people.invite_again(people.invitation(invitation), by=office.membership, now=office.now)
    post_invitation(request, invited)
    return redirect(office.url("setting_members"))


@require_POST
@office_page(permission="see_settings", post="edit_members")
def invitation_withdraw(request: OfficeRequest, invitation: str) -> HttpResponse:
    """Close an invitation before it is accepted."""
    row = people.invitation(invitation)
    people.withdraw(row, by=request.office.membership, now=request.office.now)
    messages.success(request, _("The invitation of %(email)s no longer opens.") % {"email": row.email})
    return redirect(request.office.url("setting_members"))


def post_invitation(request: OfficeRequest, invited: people.Invited) -> None:
    """Mail the link once the invitation is written. It is shown to nobody else: who has it proves the address."""
    transaction.on_commit(letter(request, invited))


def letter(request: OfficeRequest, invited: people.Invited) -> Callable[[], None]:
    """What sends the mail, and tells the page how it went."""
    office, row = request.office, invited.invitation
    context = {
        "company": office.merchant.name,
        "merchant": office.merchant,
        "inviter": office.actor.label,
        "role": row.role,
        "url": request.build_absolute_uri(reverse("invitation", kwargs={"token": invited.token})),
        "expires_at": row.expires_at,
    }
    with translation.override(office.merchant.locale):
        context["role"] = role_name(row.role)
        subject = _("%(inviter)s invites you to %(company)s") % context
        text = render_to_string("merchants/mail/invitation.txt", context)
        html = render_to_string("merchants/mail/invitation.html", {**context, "subject": subject})

    def send() -> None:
        mail = EmailMultiAlternatives(" ".join(subject.split()), text, to=[row.email])
        mail.attach_alternative(html, "text/html")
        try:
            mail.send()
        except (OSError, SMTPException):
            _log.exception("an invitation could not be mailed")
            messages.error(
                request,
                _("%(email)s is invited, but the mail could not be sent. Send it again in a while.")
                % {"email": row.email},
            )
        else:
            messages.success(request, _("Invited: %(email)s. The link lasts seven days.") % {"email": row.email})

    return send
