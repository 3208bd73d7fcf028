"""Every address of the staff pages."""

from __future__ import annotations

from django.urls import include, path

from frontdesk.staff import files, views_people

people = (
    [
        path("", views_people.people, name="people"),
        path("invite/", views_people.invite, name="invite"),
        path(
            "invitations/<int:invitation_id>/withdraw/",
            views_people.withdraw,
            name="withdraw",
        ),
        path("<int:person_id>/role/", views_people.change_role, name="change_role"),
        path("<int:person_id>/email/", views_people.change_email, name="change_email"),
        path("<int:person_id>/end/", views_people.end_access, name="end_access"),
        path("<int:person_id>/back/", views_people.give_back, name="give_back"),
        path("<int:person_id>/link/", views_people.new_link, name="new_link"),
    ],
    "staff",
)

urlpatterns = [
    path("account/", include("frontdesk.staff.urls_account")),
    path("people/", include(people)),
    path("ledger/", include("frontdesk.audit.urls")),
    path("static/<path:name>", files.static_file),
    path("alerts/", include("frontdesk.alerts.urls")),
    path("training/", include("frontdesk.training.urls")),
    path("dashboard/", include("frontdesk.dashboard.urls")),
    path("answers/", include("frontdesk.answers.urls")),
    path("", include("frontdesk.inbox.urls")),
]
