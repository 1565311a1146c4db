"""An office with three places, so that what the menu shows is known."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.i18n import set_language


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


places = [path("", page, name="home"), path("offers/", page, name="offers"), path("alerts/", page, name="alerts")]
urlpatterns = [path("", include((places, "office"))), path("language", set_language, name="set_language")]
