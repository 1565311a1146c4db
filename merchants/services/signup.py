"""Opening a merchant: the live tenant and its sandbox, each with its owner and a provider account.

They are two tenants, so two transactions, and a crash may fall between them. Nothing needs to be looked for afterwards:
ids are derived (the sandbox's from the live merchant's, a person's first merchant's from the person's), and every step
leaves what is there already. Doing it again completes it; doing it twice at once makes one.
"""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Membership, Merchant, ProviderAccount, User
from merchants.models.people import Role
from merchants.money import check_currency
from merchants.now import Now
from merchants.refusals import Invalid, gettext_noop
from merchants.tenancy.scope import tenant

_LOW = (1 << 62) - 1
_VARIANT = 0b10 << 62


def derived(origin: UUID, word: str) -> UUID:
    """An id that follows from another one: the same moment, the rest from a hash. Still a valid UUIDv7.

    >>> first = derived(UUID("019a0000-0000-7000-8000-000000000001"), "sandbox")
    >>> first == derived(UUID("019a0000-0000-7000-8000-000000000001"), "sandbox"), first.version
    (True, 7)
    >>> first == derived(UUID("019a0000-0000-7000-8000-000000000001"), "merchant")
    False
    """
    low = int.from_bytes(sha256(origin.bytes + word.encode()).digest()[:8], "big") & _LOW
    return UUID(int=(origin.int >> 64 << 64) | _VARIANT | low)


def check_name(name: str, *, field: str = "name") -> str:
    """A merchant's name, trimmed: 1 to 120 characters, none of them a control character. Raises Invalid."""
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= 120 or not clean.isprintable():
        raise Invalid.at(field, "name_invalid", gettext_noop("A name has 1 to 120 characters."))
    return clean


def open_merchant(
    *,
    name: str,
    owner: User,
    now: Now,
    actor: Actor,
    locale: str = "fr",
    timezone: str = "Europe/Paris",
    currency: str = "EUR",
    merchant_id: UUID | None = None,
) -> tuple[Merchant, Merchant]:
    """The live merchant and its sandbox, with `owner` as owner of both. Needs that no scope is open: it opens each.

    With `merchant_id` it may be called again: what exists under that id stays as it is. The live merchant takes
    payments by hand until its provider is connected; the sandbox plays a provider. `actor` is named in nothing that
    is written yet: a merchant's own opening is no event of its webhooks. Raises Invalid.
    """
    clean, currency = check_name(name), check_currency(currency)
    live_id = merchant_id or new_id()
    shared = {"timezone": timezone, "currency": currency, "locale": locale, "created_at": now.at}
    live = _open(live_id, clean, None, ProviderAccount.Kind.MANUAL, owner=owner, now=now, shared=shared)
    sandbox_id = derived(live_id, "sandbox")
    sandbox = _open(sandbox_id, live.name, live_id, ProviderAccount.Kind.SIMULATED, owner=owner, now=now, shared=shared)
    return live, sandbox


def _open(
    merchant_id: UUID,
    name: str,
    sandbox_of: UUID | None,
    provider: str,
    *,
    owner: User,
    now: Now,
    shared: dict[str, object],
) -> Merchant:
    """One tenant in one transaction: all of it, or nothing."""
    with tenant(merchant_id):
        merchant, _ = Merchant.objects.get_or_create(
            id=merchant_id, defaults={"name": name, "sandbox_of": sandbox_of, **shared}
        )
        Membership.objects.get_or_create(
            user=owner, removed_at=None, defaults={"role": Role.OWNER, "created_at": now.at}
        )
        ProviderAccount.objects.get_or_create(is_default=True, defaults={"kind": provider, "created_at": now.at})
    return merchant


def open_first_merchant(user: User, *, now: Now, actor: Actor) -> tuple[Merchant, Merchant]:
    """What `user.company` asks for, once, however often it is called; then the wish is emptied."""
    live, sandbox = open_merchant(
        name=user.company,
        owner=user,
        now=now,
        actor=actor,
        locale=user.locale or "fr",
        merchant_id=derived(user.id, "merchant"),
    )
    User.objects.filter(id=user.id).update(company="")
    user.company = ""
    return live, sandbox
