"""Which column of an old file is what: our fields, and a guess by the headings that people give them in French and
English. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from merchants.refusals import gettext_noop

FIELDS: Mapping[str, str] = {
    "reference": gettext_noop("Member number"),
    "name": gettext_noop("Name"),
    "first_name": gettext_noop("First name"),
    "last_name": gettext_noop("Family name"),
    "email": gettext_noop("E-mail"),
    "phone": gettext_noop("Telephone"),
    "birth_on": gettext_noop("Born on"),
    "company": gettext_noop("Company"),
    "line1": gettext_noop("Address"),
    "line2": gettext_noop("Address, second line"),
    "postal_code": gettext_noop("Postal code"),
    "city": gettext_noop("Town"),
    "country": gettext_noop("Country"),
    "locale": gettext_noop("Language"),
    "site": gettext_noop("Site"),
    "offer": gettext_noop("Offer"),
    "options": gettext_noop("Options"),
    "quantity": gettext_noop("Quantity"),
    "start_on": gettext_noop("Member since"),
    "paid_until": gettext_noop("Next charge on (paid until)"),
    "amount": gettext_noop("Next amount"),
    "iban": gettext_noop("IBAN"),
    "holder": gettext_noop("Holder of the account"),
    "mandate_reference": gettext_noop("Mandate reference (UMR)"),
    "mandate_signed_on": gettext_noop("Mandate signed on"),
}
"""Our fields, in the order in which a form lists them, and what each is called."""

NAMES: Mapping[str, str] = {
    "reference": "reference, ref, numero, no, n, id, identifiant, code client, numero client, n client, "
    "numero adherent, n adherent, n d adherent, adherent, numero membre, n membre, member number, member no, "
    "member id, membership number, membership id, customer number, customer id, client id",
    "name": "nom, nom complet, nom prenom, nom et prenom, prenom nom, full name, name, member name, client, membre",
    "first_name": "prenom, prenoms, first name, firstname, given name, forename",
    "last_name": "nom de famille, last name, lastname, surname, family name",
    "email": "email, e mail, mail, courriel, adresse mail, adresse email, adresse e mail, adresse courriel, "
    "email address, e mail address",
    "phone": "telephone, tel, portable, mobile, gsm, numero de telephone, telephone portable, telephone mobile, "
    "tel portable, phone, phone number, telephone number, mobile phone, cell, cell phone",
    "birth_on": "date de naissance, naissance, ne le, nee le, ne e le, birth date, date of birth, birthdate, "
    "birthday, dob, born, born on",
    "company": "societe, entreprise, raison sociale, company, company name",
    "line1": "adresse, adresse 1, rue, address, address 1, street, street address, address line 1",
    "line2": "adresse 2, complement, complement d adresse, address 2, address line 2",
    "postal_code": "code postal, cp, postal code, postcode, zip, zip code",
    "city": "ville, commune, localite, city, town",
    "country": "pays, country",
    "locale": "langue, language, locale",
    "site": "site, salon, club, agence, centre, etablissement, magasin, location, branch",
    "offer": "offre, formule, abonnement, forfait, type d abonnement, contrat, produit, offer, plan, membership, "
    "subscription, product, membership type",
    "options": "option, options, extras, add ons, addons, supplements",
    "quantity": "quantite, qte, quantity, qty",
    "start_on": "debut, date de debut, date debut, date d inscription, date inscription, inscription, inscrit le, "
    "membre depuis, adherent depuis, date d adhesion, adhesion, debut contrat, debut de contrat, "
    "date de souscription, start, start date, started on, joined, joined on, join date, member since, since",
    "paid_until": "paye jusqu au, paye jusqu a, prochaine echeance, echeance, prochain prelevement, "
    "date prochain prelevement, date du prochain prelevement, prochaine facture, paid until, paid through, "
    "next billing, next billing date, next charge, next charge on, next payment, next payment date, renewal date, "
    "renews on",
    "amount": "montant, prix, tarif, mensualite, montant ttc, prix ttc, montant du prelevement, prochain montant, "
    "amount, price, fee, next amount, monthly fee",
    "iban": "iban, compte, compte bancaire, bank account, account, account number",
    "holder": "titulaire, titulaire du compte, nom du titulaire, holder, account holder",
    "mandate_reference": "rum, umr, mandat, reference mandat, reference du mandat, ref mandat, mandate, "
    "mandate reference, mandate id, reference unique de mandat",
    "mandate_signed_on": "date mandat, date du mandat, date signature, date de signature, signature mandat, "
    "date signature mandat, mandat signe le, mandate date, mandate signed, mandate signed on, signed on",
}
"""What the column of each field is called, folded."""
PHRASES = {field: frozenset(words.split(", ")) for field, words in NAMES.items()}


def folded(heading: str) -> str:
    """A heading without accents, case and signs.

    >>> folded("N° d’Adhérent :"), folded("paid_until")
    ('n d adherent', 'paid until')
    """
    plain = unicodedata.normalize("NFKD", heading.casefold().replace("°", " ").replace("œ", "oe"))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def guess(headings: Sequence[str]) -> dict[str, int]:
    """The column of each field that a heading names, by the column's number; each column once.

    >>> guess(["N° adhérent", "Nom", "Prénom", "Formule", "Début", "Payé jusqu'au", "?"])
    {'reference': 0, 'last_name': 1, 'first_name': 2, 'offer': 3, 'start_on': 4, 'paid_until': 5}
    >>> guess(["Nom", "Offre"]), guess(["name", "first_name"])
    ({'name': 0, 'offer': 1}, {'last_name': 0, 'first_name': 1})
    """
    found: dict[str, int] = {}
    for at, heading in enumerate(headings):
        said = folded(heading)
        for field in FIELDS:
            if field not in found and said and (said in PHRASES[field] or said == folded(field)):
                found[field] = at
                break
    if "first_name" in found and "last_name" not in found and "name" in found:
        found["last_name"] = found.pop("name")
    if "last_name" in found and "first_name" not in found and "name" not in found:
        found["name"] = found.pop("last_name")
    return dict(sorted(found.items(), key=lambda pair: pair[1]))
