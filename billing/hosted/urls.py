"""Addresses of hosted pages."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def nothing(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse(status=404)


urlpatterns = [
    path("<str:token>/return", nothing, name="return"),
    path("simulated/<str:token>", nothing, name="simulated"),
    path("<str:token>", nothing, name="pay"),
]
