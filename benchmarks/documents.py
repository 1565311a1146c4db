"""How many documents a second one process prints, beside bare WeasyPrint on the same HTML, style, faces and variant.

    python -m benchmarks.documents [--count 40] [--rounds 3]

Seconds are of the processor, not of the wall: what one core does when nothing else wants it. Rounds alternate; the
ratio is of the best rounds. Three documents: a renewal, the mock-up's change of offer with its strip of days, and the
renewal of somebody whose name Inter does not draw. Ours are measured twice: with the electronic invoice inside, made
for each document anew and held to its schema, as workers do it, and without; the ratio is of the first.
Needs the environment of the settings (run it with `python -m tools.devstack exec -- …`), no table.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from invoices.facturx.documents import Document
    from invoices.paper import Paper


def seconds_of(act: Callable[[int], object], count: int) -> list[float]:
    """How long each of so many calls keeps the processor busy."""
    taken = []
    for number in range(count):
        started = time.process_time()
        act(number)
        taken.append(time.process_time() - started)
    return taken


def megabytes() -> float:
    """The most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def said(name: str, rounds: list[list[float]]) -> float:
    """Print one engine's figures; documents a second of its best round."""
    best = min(rounds, key=sum)
    rate = len(best) / sum(best)
    every = sorted(second for one in rounds for second in one)
    p99 = every[min(len(every) - 1, int(len(every) * 0.99))]
    print(f"{name:34} {rate:6.1f} /s   p50 {statistics.median(every) * 1e3:5.0f} ms   p99 {p99 * 1e3:5.0f} ms")
    return rate


def electronic(paper: Paper) -> Document:
    """What the XML of such a paper says: its lines and its one rate, paid by card."""
    from invoices.facturx.documents import Item, Rate, Settled
    from invoices.facturx.sampling import plain
    from merchants.money import largest_remainder

    (tax,) = paper.taxes
    nets = largest_remainder(paper.net, [line.amount for line in paper.lines])
    return plain(
        number=paper.number,
        items=tuple(
            Item(title=line.title, amount=line.amount, net=net, percent=tax.rate, category="S", note=line.formula)
            for line, net in zip(paper.lines, nets, strict=True)
        ),
        rates=(Rate(percent=tax.rate, category="S", base=tax.base, vat=tax.vat),),
        net=paper.net,
        vat=paper.vat,
        gross=paper.gross,
        settled=(Settled(means="card", amount=paper.gross, last4="4242"),),
        paid_on=paper.issued_on,
    )


def measure(name: str, paper: Paper, count: int, rounds: int) -> None:
    """Print all three, side by side, for one document."""
    from weasyprint import CSS, HTML

    from invoices import pdf, press
    from invoices.facturx.xml import written
    from invoices.logos import safe_logo
    from invoices.typesetting import typeset

    logo = safe_logo(paper.issuer.logo)

    def ours(number: int) -> bytes:
        numbered = replace(paper, number=f"ON-2026-{number:06}")
        return pdf.render(numbered, written(electronic(numbered)))

    def alone(number: int) -> bytes:
        return pdf.render(replace(paper, number=f"ON-2026-{number:06}"))

    def bare(number: int) -> bytes:
        html = typeset(replace(paper, number=f"ON-2026-{number:06}"), logo=logo)
        fetcher = press.Enclosed(logo)
        style = f"{press.face_rules(())}{press.stylesheet()}.mark {{ color: {paper.issuer.colour} }}"
        sheet = CSS(string=style, url_fetcher=fetcher)
        printed: bytes = HTML(string=html, url_fetcher=fetcher).write_pdf(stylesheets=[sheet], pdf_variant=pdf.VARIANT)
        return printed

    ours(0)
    alone(0)
    bare(0)
    a: list[list[float]] = []
    b: list[list[float]] = []
    c: list[list[float]] = []
    memory = 0.0
    for _ in range(rounds):
        gc.collect()
        before = megabytes()
        a.append(seconds_of(ours, count))
        memory = max(memory, megabytes() - before)
        b.append(seconds_of(bare, count))
        c.append(seconds_of(alone, count))
    print(f"\n{name}: {count} documents a round, {rounds} rounds, {len(ours(1))} bytes each, {pdf.VARIANT}")
    ratio = said("with its XML, Factur-X", a) / said("bare WeasyPrint, without XML", b)
    said("ours without XML", c)
    print(f"ratio {ratio:.2f}; our rounds added {memory:.0f} MiB at most to {megabytes():.0f} MiB")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40, help="documents a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each")
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")
    django.setup()
    from invoices.pdf import render
    from tests.apps.invoices import papers
    from tools.devstack import messages

    messages.compile_all()
    changed = papers.usual()
    started = time.process_time()
    render(changed)
    print(f"first document of a process: {time.process_time() - started:.2f} s, {megabytes():.0f} MiB")
    measure("renewal", replace(changed, day_count=None), chosen.count, chosen.rounds)
    measure("change of offer", changed, chosen.count, chosen.rounds)
    chinese = replace(changed, day_count=None, customer=replace(changed.customer, name="王小明", country="CN"))
    measure("renewal of a Chinese name", chinese, chosen.count, chosen.rounds)


if __name__ == "__main__":
    main()
