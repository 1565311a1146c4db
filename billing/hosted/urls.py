"""Addresses of hosted pages, in the namespace `hosted`. A token is signed for one purpose; nothing here needs a log-in.

`pay` (purpose "checkout"), `go` (the same token: on to the provider), `return` ("checkout-return": back from it),
`simulated` ("simulated": the simulated provider's own page), `brand` and `logo` (public files).
"""

from django.urls import path

from billing.hosted import brand, form, onward, returning, simulated

urlpatterns = [
    path("brand/<str:color>.css", brand.brand_style, name="brand"),
    path("logo/<str:merchant>.svg", brand.logo, name="logo"),
    path("simulated/<str:token>", simulated.simulated, name="simulated"),
    path("<str:token>", form.pay_form, name="pay"),
    path("<str:token>/go", onward.go, name="go"),
    path("<str:token>/return", returning.back, name="return"),
]
