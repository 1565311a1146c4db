"""Who works at which sites' counters: members kept to some sites, taken on by name or from the staff, and let go."""

from __future__ import annotations

from merchants.models import Device, Membership, Site
from merchants.now import Now
from merchants.permissions import manages
from merchants.refusals import Conflict, Forbidden, gettext_noop
from merchants.services import people


def add_to_site(member: Membership, site: Site, *, by: Membership) -> None:
    """Have a member who is kept to some sites work at one more. Whoever is kept to none works at each already. Raises
    Forbidden, Conflict (`site_closed`)."""
    _check(member, by)
    if site.closed_at is not None:
        raise Conflict(gettext_noop("This site is closed."), code="site_closed")
    row = Membership.objects.select_for_update(of=("self",)).get(id=member.pk)
    if row.sites and site.pk not in row.sites:
        row.sites = [*row.sites, site.pk]
        row.save(update_fields=["sites"])


def keep_to_site(member: Membership, site: Site, *, by: Membership) -> None:
    """Keep a member who works everywhere to one site; the back office is closed to them from then on. Raises Forbidden,
    Conflict (`last_owner`)."""
    _check(member, by)
    if member.pk == by.pk or member.role == "owner":
        raise Conflict(gettext_noop("An owner works everywhere."), code="owner_works_everywhere")
    row = Membership.objects.select_for_update(of=("self",)).get(id=member.pk)
    if not row.sites:
        row.sites = [site.pk]
        row.save(update_fields=["sites"])
        Device.objects.filter(member=row).exclude(site=site).update(member=None, member_since=None)


def leave_site(member: Membership, site: Site, *, by: Membership, now: Now) -> None:
    """Take a member off a site, at once on its tablets too. Who worked only there leaves the staff. Raises Forbidden,
    Conflict (`works_everywhere`)."""
    _check(member, by)
    row = Membership.objects.select_for_update(of=("self",)).get(id=member.pk)
    if not row.sites:
        raise Conflict(
            gettext_noop("This member works at every site."),
            code="works_everywhere",
            way_out=gettext_noop("Take the PIN away, or keep them to some sites first."),
        )
    left = [one for one in row.sites if one != site.pk]
    Device.objects.filter(member=row, site=site).update(member=None, member_since=None)
    if not left:
        people.remove(row, by=by, now=now)
        return
    row.sites = left
    row.save(update_fields=["sites"])


def _check(member: Membership, by: Membership) -> None:
    if not manages(by.role, member.role):
        raise Forbidden
