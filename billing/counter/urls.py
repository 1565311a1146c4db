"""Addresses of the counter, under `/counter/`."""

from django.urls import path

from billing.counter import door, enrol, enrolled, entering, home, papers, paying, renewal_card, signed_papers, till

app_name = "counter"
urlpatterns = [
    path("", home.home, name="home"),
    path("enrol", enrol.enrol, name="enrol"),
    path("enrol/act", enrol.act, name="enrol_act"),
    path("enrol/ticket", enrol.ticket, name="enrol_ticket"),
    path("enrol/people", enrol.people, name="enrol_people"),
    path("enrol/who", enrol.who, name="enrol_who"),
    path("enrolled/<str:enrolment>", enrolled.enrolled, name="enrolled"),
    path("door", door.door, name="door"),
    path("door/people", door.door_people, name="door_people"),
    path("door/visits/<str:visit>/undo", door.door_undo, name="door_undo"),
    path("door/<str:person>", door.door_person, name="door_person"),
    path("door/<str:person>/in", door.door_in, name="door_in"),
    path("door/<str:person>/override", door.door_override, name="door_override"),
    path("door/<str:person>/pay", door.door_pay, name="door_pay"),
    path("receipts/<str:payment>", papers.receipt, name="receipt"),
    path("receipts/<str:payment>/letter", papers.receipt_letter, name="receipt_letter"),
    path("papers/<str:paper>.pdf", signed_papers.signed_paper, name="signed_paper"),
    path("members/<str:person>/card", papers.member_card, name="member_card"),
    path("members/<str:person>/card/lost", papers.member_card_lost, name="member_card_lost"),
    path("till", till.till, name="till"),
    path("till/open", till.till_open, name="till_open"),
    path("till/cash", till.till_cash, name="till_cash"),
    path("till/close", till.till_close, name="till_close"),
    path("till/z/<str:session>", till.z_report, name="z_report"),
    path("pay/<str:thing>", paying.pay, name="pay"),
    path("pay/<str:thing>/live", paying.live, name="pay_live"),
    path("pay/<str:thing>/reader", paying.at_reader, name="pay_at_reader"),
    path("pay/<str:thing>/give-up", paying.give_up, name="pay_give_up"),
    path("pay/<str:thing>/letter", paying.letter, name="pay_letter"),
    path("card/<str:person>", renewal_card.card, name="card"),
    path("card/<str:person>/live", renewal_card.live, name="card_live"),
    path("thanks", enrolled.thanks, name="thanks"),
    path("pair", entering.pair, name="pair"),
    path("sign-in", entering.sign_in, name="sign_in"),
    path("sign-out", entering.sign_out, name="sign_out"),
]
