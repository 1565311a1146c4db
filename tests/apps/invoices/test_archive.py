"""A year's archive: anybody can verify it with Python alone, and whatever is changed in it is named."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from invoices.models import DocumentFile, Invoice
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.printing import print_document
from merchants.models import TestClock
from merchants.selectors.clocks import now_for
from merchants.services import seals
from merchants.tenancy.scope import tenant
from subscribers.services import enrolment
from tests.apps.invoices.bills import bill, line
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)
VERIFIER = Path(__file__).parents[3] / "static" / "verify_archive.py"


def archive(shop: Shop, to: Path, documents: int = 4) -> Path:
    year = shop.now().today.year
    said = io.StringIO()
    call_command(
        "archive_year",
        merchant=shop.merchant.public_id,
        entity=shop.entity.public_id,
        year=year,
        to=str(to),
        stdout=said,
    )
    assert said.getvalue() == f"{documents} documents: {to}\n"
    return to


def verdict(path: Path, *more: str, program: Path = VERIFIER) -> tuple[int, str]:
    """What the stand-alone program says, in a Python that sees nothing of ours."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), str(path), *more],
        capture_output=True,
        text=True,
        env={},
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def kept(shop, tmp_path):
    """Three invoices and a credit note of this year, printed; an invoice of another merchant; the archive."""
    lucie = shop.enrol("lucie")
    invoices = [bill(shop, lucie, line(amount)) for amount in (12_99, 5_00, 7_50)]
    with tenant(shop.id):
        note = credit_invoice(invoices[0].pk, Wanted(amount=1_00), reason="a test", actor=shop.actor, now=shop.now())
    with pytest.raises(CommandError, match="is not printed yet"):
        archive(shop, tmp_path / "early.zip")
    assert list(tmp_path.iterdir()) == []
    for document in (*invoices, note):
        print_document(merchant_id=shop.id, document_id=document.pk)
    return archive(shop, tmp_path / "year.zip")


def changed(path: Path, name: str, edit, *, resum: bool = False) -> Path:
    """A copy in which one file was edited (None: taken out), its digest with it if asked."""
    copy = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old:
        files = {each: old.read(each) for each in old.namelist()}
    found = edit(files.get(name, b""))
    if found is None:
        del files[name]
    else:
        files[name] = found
    if resum:
        lines = [line.split("  ", 1) for line in files["SHA256SUMS"].decode().splitlines()]
        files["SHA256SUMS"] = "".join(f"{hashlib.sha256(files[n]).hexdigest()}  {n}\n" for _, n in lines).encode()
    with zipfile.ZipFile(copy, "w") as new:
        for each, data in files.items():
            new.writestr(each, data)
    return copy


def names(path: Path, ending: str) -> list[str]:
    with zipfile.ZipFile(path) as found:
        return [name for name in found.namelist() if name.endswith(ending)]


def test_an_archive_that_nobody_touched_holds_wherever_it_is_looked_at(shop, kept, tmp_path):
    with tenant(shop.id):
        key = seals.seal()
        assert key is not None
        fingerprint = key.fingerprint
    code, said = verdict(kept, fingerprint)
    assert code == 0, said
    year = shop.now().today.year
    assert said.splitlines() == [
        f"{shop.entity.name}, {year}: 4 documents in 2 series, {4 + 4 + 2 + 1 + 3} files: nothing was changed.",
        f"Signed with the key {fingerprint}",
    ]
    with zipfile.ZipFile(kept) as found:
        found.extractall(tmp_path / "unpacked", ["verify_archive.py", "verify_seal.py"])
    assert verdict(kept, program=tmp_path / "unpacked" / "verify_archive.py")[0] == 0


def test_the_same_rows_give_the_same_bytes(shop, kept, tmp_path):
    assert archive(shop, tmp_path / "again.zip").read_bytes() == kept.read_bytes()


def test_what_was_changed_is_named(shop, kept):
    pdf = sorted(names(kept, ".pdf"))[0]
    lines = names(kept, ".jsonl")[0]
    assert lines.startswith("documents/")

    def fault(*given, **more) -> str:
        code, said = verdict(changed(kept, *given, **more))
        assert code == 1, said
        return said.removeprefix("This archive does NOT hold. ").strip()

    assert fault(pdf, lambda data: data[:-1] + b"!") == f"{pdf}: its bytes were changed"
    assert fault(pdf, lambda data: None) == f"{pdf}: it is missing"
    assert fault("files/more.pdf", lambda data: b"%PDF") == "files/more.pdf: it was added"
    assert fault("manifest.json", lambda data: data.replace(b'"documents": 3', b'"documents": 2')) == (
        "manifest.json: it is not what its key signed"
    )
    cut = fault(lines, lambda data: b"\n".join(data.splitlines()[:-1]) + b"\n", resum=True)
    assert cut == "SHA256SUMS: it is not the one that was signed"
    whole = kept.read_bytes()
    short = kept.with_name("short.zip")
    short.write_bytes(whole[:-100])
    assert verdict(short) == (1, "This archive does NOT hold. it is no ZIP, or its end was cut off\n")
    code, said = verdict(kept, "00" * 32)
    assert code == 1 and "it was signed with another key" in said


def resigned(shop: Shop, path: Path, edit) -> str:
    """What is said of an archive whose documents were edited and that was signed anew by whoever holds the key."""
    lines = names(path, ".jsonl")[0]
    copy = changed(path, lines, lambda data: edit(data), resum=True)
    with zipfile.ZipFile(copy) as old:
        files = {each: old.read(each) for each in old.namelist()}
    report = json.loads(files["manifest.json"])["report"]
    report["files"]["sha256"] = hashlib.sha256(files["SHA256SUMS"]).hexdigest()
    with tenant(shop.id):
        files["manifest.json"] = json.dumps(seals.sealed(report, now=shop.now())).encode()
    with zipfile.ZipFile(copy, "w") as new:
        for each, data in files.items():
            new.writestr(each, data)
    code, said = verdict(copy)
    assert code == 1, said
    return said.removeprefix("This archive does NOT hold. ").strip()


def test_even_who_holds_the_key_cannot_change_a_document_unseen(shop, kept):
    with tenant(shop.id):
        first, second, third = Invoice.objects.order_by("sequence").values_list("number", flat=True)
    assert resigned(shop, kept, lambda data: data.replace(b"Lucie Garnier", b"Lucie Gardien", 1)) == (
        f"{first}: its customer is not the one to whom it was issued"
    )
    assert resigned(shop, kept, lambda data: data.replace(b"Hifi", b"Lofi", 1)) == (
        f"{first}: its content is not what was issued"
    )

    def without(place: int):
        return lambda data: b"".join(each for n, each in enumerate(data.splitlines(True)) if n != place)

    assert resigned(shop, kept, without(1)) == f"{third}: expected document 2 here, found 3"
    assert "expected 3 documents, found 2" in resigned(shop, kept, without(2))
    assert second != third


def test_the_documents_of_others_are_not_in_it(shop, another_shop, kept):
    bill(another_shop, another_shop.enrol("paul", name="Paul Martin"), line(3_00))
    with zipfile.ZipFile(kept) as found:
        assert all(b"Paul Martin" not in found.read(name) for name in found.namelist())
    with tenant(shop.id):
        assert DocumentFile.objects.count() == 4


def test_a_test_clock_s_documents_are_in_it_once_the_clock_is_released(shop, kept, tmp_path):
    with tenant(shop.id):
        clock = TestClock.objects.create(time=shop.now().at, created_at=shop.now().at)
        act = {"merchant": shop.merchant, "actor": shop.actor, "now": shop.now()}
        paul = enrolment.enrol({"name": "Paul", "reference": "paul"}, test_clock_id=clock.pk, **act)
        now = now_for(shop.merchant, clock.pk)
    played = bill(shop, paul, line(3_00), now=now)
    assert played.number.startswith("T")
    print_document(merchant_id=shop.id, document_id=played.pk)
    assert archive(shop, tmp_path / "before.zip").read_bytes() == kept.read_bytes()
    with tenant(shop.id):
        TestClock.objects.update(status=TestClock.Status.RELEASED)
    real = archive(shop, tmp_path / "after.zip", documents=5)
    assert verdict(real)[0] == 0
    assert {Path(name).stem for name in names(real, ".pdf")} - {Path(name).stem for name in names(kept, ".pdf")} == {
        played.number
    }
