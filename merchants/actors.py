"""Who did something, and through which channel. Every change names both (domain 23)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """The way by which a change came."""

    web = "web"
    api = "api"
    counter = "counter"
    call_centre = "call_centre"
    portal = "portal"
    import_ = "import"
    system = "system"


class ActorKind(StrEnum):
    """What sort of actor it was."""

    member = "member"
    api_key = "api_key"
    subscriber = "subscriber"
    provider = "provider"
    system = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `id` is that of the member, key, subscriber or provider; `label` is what the history shows.

    >>> Actor(kind=ActorKind.member, id="usr_1", label="Julie", channel=Channel.call_centre).channel.value
    'call_centre'
    """

    kind: ActorKind
    id: str
    label: str
    channel: Channel

    @classmethod
    def system(cls, label: str) -> Actor:
        """The service itself; `label` names what ran, such as `billing run`.

        >>> Actor.system("billing run").kind
        <ActorKind.system: 'system'>
        """
        return cls(kind=ActorKind.system, id="system", label=label, channel=Channel.system)
