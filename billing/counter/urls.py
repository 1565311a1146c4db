"""Addresses of the counter, under `/counter/`."""

from django.urls import path

from billing.counter import entering, home

app_name = "counter"
urlpatterns = [
    path("", home.home, name="home"),
    path("pair", entering.pair, name="pair"),
    path("sign-in", entering.sign_in, name="sign_in"),
    path("sign-out", entering.sign_out, name="sign_out"),
]
