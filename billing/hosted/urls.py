"""Addresses of hosted pages, in the namespace `hosted`. A token is signed for one purpose; nothing here needs a log-in.

`pay` (purpose "checkout"), `go` (the same token: on to the provider), `return` ("checkout-return": back from it).
`owed` and `owed-go` ("owed": an open invoice), `owed-return`. `card` and `card-go` ("card": another card for a payer),
`card-return`. `simulated` ("simulated": the simulated provider's own page), `reader`
("reader": the screen of a simulated card reader), `brand` and `logo` (public files).
"""

from django.urls import path

from billing.hosted import brand, card, form, onward, owed, reader, returning, simulated

urlpatterns = [
    path("brand/<str:color>.css", brand.brand_style, name="brand"),
    path("logo/<str:merchant>.svg", brand.logo, name="logo"),
    path("simulated/<str:token>", simulated.simulated, name="simulated"),
    path("reader/<str:token>", reader.reader, name="reader"),
    path("owed/<str:token>", owed.owed_page, name="owed"),
    path("owed/<str:token>/go", owed.go, name="owed-go"),
    path("owed/<str:token>/return", owed.back, name="owed-return"),
    path("card/<str:token>", card.card_page, name="card"),
    path("card/<str:token>/go", card.go, name="card-go"),
    path("card/<str:token>/return", card.back, name="card-return"),
    path("<str:token>", form.pay_form, name="pay"),
    path("<str:token>/go", onward.go, name="go"),
    path("<str:token>/return", returning.back, name="return"),
]
