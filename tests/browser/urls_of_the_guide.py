"""The style guide as a page that a browser can use: search, a fetched dialog with its preview, the language."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context, Template
from django.urls import include, path
from django.views.i18n import set_language

from tests.pages.style_guide import context_of

DIALOG = """{% extends "components/dialog.html" %}
{% block title %}Change offer{% endblock %}
{% block ask %}<fieldset class="choices"><legend class="field-label">New offer</legend>
<label class="choice"><input class="pick" type="radio" name="offer" value="hifi" checked><b>Onde Hifi</b></label>
<label class="choice"><input class="pick" type="radio" name="offer" value="famille"><b>Onde Famille</b></label>
</fieldset><input type="text" name="reason" required>{% endblock %}"""


def guide(request: HttpRequest) -> HttpResponse:
    merchant = {"name": "Onde", "is_sandbox": False}
    choices = [{"name": "Onde", "id": "mer_1", "is_current": True}, {"name": "Soleil", "id": "mer_2"}]
    return render(request, "base/style_guide.html", {**context_of(), "merchant": merchant, "merchant_choices": choices})


def search(request: HttpRequest) -> HttpResponse:
    names = [name for name in ("Camille Morel", "Camille Petit", "Hugo Lenoir") if request.GET["q"] in name.lower()]
    return HttpResponse("".join(f'<a href="/"><span>{name}</span></a>' for name in names))


def dialog(request: HttpRequest) -> HttpResponse:
    context = {"action": "/", "preview_url": "/preview", "csrf_token": "none"}
    return HttpResponse(Template(DIALOG).render(Context(context)))


def preview(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<h3>Now {request.GET['offer']}</h3>")


office = [path("", guide, name="home"), path("search", search, name="search"), path("switch", guide, name="switch")]
urlpatterns = [
    path("", include((office, "office"))),
    path("dialog", dialog),
    path("preview", preview),
    path("language", set_language, name="set_language"),
]
