"""Addresses of the counter, under `/counter/`."""

from django.urls import path

from billing.counter import enrol, enrolled, entering, home, till

app_name = "counter"
urlpatterns = [
    path("", home.home, name="home"),
    path("enrol", enrol.enrol, name="enrol"),
    path("enrol/act", enrol.act, name="enrol_act"),
    path("enrol/ticket", enrol.ticket, name="enrol_ticket"),
    path("enrol/people", enrol.people, name="enrol_people"),
    path("enrol/who", enrol.who, name="enrol_who"),
    path("enrolled/<str:enrolment>", enrolled.enrolled, name="enrolled"),
    path("enrolled/<str:enrolment>/standing", enrolled.standing, name="enrolled_standing"),
    path("till", till.till, name="till"),
    path("till/open", till.till_open, name="till_open"),
    path("till/cash", till.till_cash, name="till_cash"),
    path("till/close", till.till_close, name="till_close"),
    path("till/z/<str:session>", till.z_report, name="z_report"),
    path("thanks", enrolled.thanks, name="thanks"),
    path("pair", entering.pair, name="pair"),
    path("sign-in", entering.sign_in, name="sign_in"),
    path("sign-out", entering.sign_out, name="sign_out"),
]
