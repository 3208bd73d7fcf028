"""The searches that are timed: as staff ask, common and rare, and the worst we know."""

# fmt: off
SEARCHES = (
    "",                                             # the list as it opens
    "q=ketamine", "q=insurance", "q=how", "q=the",  # in most conversations
    "q=parking", "q=zoco", "q=zozo*", "q=nobodyeverwrotethis",
    "q=%22side+effects%22", "q=%22how+much%22", "q=%22how+long+does+it%22",
    "q=%22the+how%22", "q=%22to+you+of%22",         # a phrase of common words, nowhere
    "q=infus*", "q=a*", "q=insur*+cover*",
    "q=ketamine+insurance+price", "q=drive+home+after", "q=ketamine&said=patient",
    "q=depression+medication&route=medical", "q=price&thumb=down",
    "route=faq", "route=crisis", "route=medical&topic=dosing", "topic=cost",
    "intent=ask_cost&least=0.3&most=0.5", "most=0.46", "least=0.9",
    "model=20260301-120000", "page=/page-0", "page=/page-3*",
    "since=2026-11-01", "since=2026-01-05&until=2026-01-06",
    "since=2025-12-01&until=2025-12-31&route=crisis",
    "tag=tag+3", "review=no&not_understood=on", "verdict=missed",
    "outcome=called_back&route=medical",
    "thumb=down&handed_off=on&unanswered=on",
)
# fmt: on
EXPECTED = 40
DASHBOARD_DAYS = (7, 30, 90, 366)  # the last ones of the log, with as many before
