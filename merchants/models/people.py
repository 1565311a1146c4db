"""People on a merchant's staff, and the keys their websites use."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from merchants.ids import new_id
from merchants.tenancy.models import TenantModel


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A user who logs in with `email` (compared without case)."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractUser):
    """A person who logs in. Belongs to no tenant: memberships say where they work."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True)
    locale = models.CharField(max_length=5, blank=True)
    company = models.CharField(
        max_length=120, blank=True, help_text="Named at sign-up; emptied once its merchant and sandbox are open"
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]


class Role(models.TextChoices):
    """What a member may do is one table: `merchants.permissions`."""

    OWNER = "owner"
    ADMIN = "admin"
    ACCOUNTANT = "accountant"
    SUPPORT = "support"
    COUNTER = "counter"
    READ_ONLY = "read_only"


class Membership(TenantModel):
    """A person's place on a merchant's staff."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=10, choices=Role)
    sites = ArrayField(models.UUIDField(), default=list, help_text="Empty: every site")
    pin = models.CharField(max_length=128, blank=True, default="", db_default="", help_text="Hashed; empty: none")
    pin_failures = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Wrong ones in a row")
    pin_locked_until = models.DateTimeField(null=True, help_text="Real time")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "user"], condition=models.Q(removed_at=None), name="a_person_is_a_member_once"
            )
        ]


class Invitation(TenantModel):
    """An open invitation to join the staff. The token is mailed once and stored as a hash."""

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Role)
    token_hash = models.BinaryField(max_length=32)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token_hash"], name="an_invitation_has_its_own_token")]


class ApiKey(TenantModel):
    """A secret of the merchant's website: shown once, kept as a hash, revoked at once."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=8, help_text="sk_live or sk_test")
    last4 = models.CharField(max_length=4)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=40), default=list, help_text="Empty: everything")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="a_key_is_known_once")]
