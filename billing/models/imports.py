"""Old member files on their way in: the file, what was found in each row, and whom it enrolled."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from merchants.tenancy.models import TenantForeignKey, TenantModel


class MemberImport(TenantModel):
    """One file of members who were somewhere else before: uploaded, its columns named, checked row by row, enrolled,
    proved. A worker carries it on (`claim`, `beaten_at`); one that fell silent is replaced.

    What the file says of people lies encrypted in `ImportFile` and `ImportRow`, until they are enrolled or forgotten.
    """

    class Status(models.TextChoices):
        NEW = "new"
        CHECKING = "checking"
        CHECKED = "checked"
        ENROLLING = "enrolling"
        DONE = "done"
        DISCARDED = "discarded"

    name = models.CharField(max_length=160, help_text="The file's own")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    kind = models.CharField(max_length=4, help_text="csv or xlsx")
    headings = models.JSONField(default=list)
    columns = models.JSONField(default=dict, help_text="Which of our fields stands in which column, from 0")
    terms = models.JSONField(
        default=dict, help_text="order (dmy, mdy), offer and site of rows that name none, without_mandate"
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.NEW)
    rows = models.PositiveIntegerField(default=0, help_text="Read so far")
    code = models.CharField(max_length=60, blank=True, help_text="Why it cannot be read…")
    msgid = models.TextField(blank=True, help_text="… as an English msgid…")
    params = models.JSONField(default=dict, help_text="… and its values")
    tries = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, help_text="The worker's that carries it on")
    beaten_at = models.DateTimeField(null=True, help_text="Real time: when its worker last wrote")
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    created_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True, help_text="When enrolling was asked for")
    done_at = models.DateTimeField(null=True)
    forget_at = models.DateTimeField(null=True, help_text="Real time: when what is left of the file is deleted")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "sha256"], condition=~Q(status="discarded"), name="a_file_is_imported_once"
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(done_at__isnull=False, begun_at__isnull=False),
                name="an_import_that_is_done_says_when",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="imports_newest"),
            models.Index(fields=["id"], condition=Q(status__in=("checking", "enrolling")), name="imports_under_way"),
            models.Index(fields=["forget_at"], condition=Q(forget_at__isnull=False), name="imports_to_forget"),
        ]


class ImportFile(TenantModel):
    """The file itself, encrypted; deleted once it is enrolled, discarded or forgotten."""

    member_import = TenantForeignKey("billing.MemberImport", related_name="files")
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "member_import"], name="an_import_has_one_file"),
        ]


class ImportRow(TenantModel):
    """One row of such a file. `sealed` is what it says of a person, encrypted: the cells of a faulty row, the values of
    a good one; empty once they are enrolled. `key` is a digest of who it is, with which offer, since when: the same
    member is enrolled once, from whatever file."""

    class Status(models.TextChoices):
        GOOD = "good"
        FAULTY = "faulty"
        KNOWN = "known"
        ENROLLED = "enrolled"

    member_import = TenantForeignKey("billing.MemberImport", related_name="lines")
    line = models.PositiveIntegerField(help_text="As a spreadsheet numbers it")
    key = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=8, choices=Status)
    sealed = models.BinaryField(default=b"")
    faults = models.JSONField(default=list, help_text="What is wrong: field, code, detail, params; never a value")
    offer = TenantForeignKey("merchants.Offer", null=True)
    currency = models.CharField(max_length=3, blank=True)
    paid_until = models.DateField(null=True, help_text="As the file says")
    amount = models.BigIntegerField(null=True, help_text="The next amount as the file says, minor units")
    with_mandate = models.BooleanField(default=False)
    subscription = TenantForeignKey("subscribers.Subscription", null=True, db_index=True)
    next_on = models.DateField(null=True, help_text="Read back: the day on which its next period begins")
    next_amount = models.BigIntegerField(null=True, help_text="Read back: the next charge, tax included, minor units")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "member_import", "line"], name="an_imported_row_is_read_once"),
            models.UniqueConstraint(
                fields=["merchant", "key"], condition=Q(status="enrolled"), name="a_member_is_imported_once"
            ),
            models.CheckConstraint(
                condition=~Q(status="enrolled") | Q(subscription__isnull=False, sealed=b""),
                name="an_enrolled_row_has_its_subscription",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "member_import", "status", "line"], name="imported_rows_by_status"),
        ]
