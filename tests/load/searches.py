"""The searches that are timed: as staff ask, common and rare, and the worst we know.

``<20>`` is the day so long before the end of the log, ``<model 3>`` its third model.
"""

import re
from datetime import timedelta

from tests.load.search_log import models_until

# fmt: off
SEARCHES = (
    "",                                             # the list as it opens
    "q=ketamine", "q=insurance", "q=how", "q=the",  # in most conversations
    "q=parking", "q=zocozoco", "q=zozo*", "q=nobodyeverwrotethis",
    "q=%22side+effects%22", "q=%22how+much%22", "q=%22how+long+does+it%22",
    "q=%22the+how%22", "q=%22to+you+of%22",         # a phrase of common words, nowhere
    "q=infus*", "q=a*", "q=insur*+cover*",
    "q=ketamine+insurance+price", "q=drive+home+after", "q=ketamine&said=patient",
    "q=depression+medication&route=medical", "q=price&thumb=down",
    "route=faq", "route=crisis", "route=medical&topic=dosing", "topic=cost",
    "intent=ask_cost&least=0.3&most=0.5", "most=0.46", "least=0.9",
    "model=<model 3>", "page=/page-0", "page=/page-3*",
    "since=<20>", "since=<320>&until=<319>", "since=<354>&until=<324>&route=crisis",
    "tag=tag+3", "review=no&not_understood=on", "verdict=missed",
    "outcome=called_back&route=medical",
    "thumb=down&unanswered=on",
)
# fmt: on
EXPECTED = 40
# These are there to find nothing: a word that nobody wrote, words in no such order.
FIND_NOTHING = {"q=nobodyeverwrotethis", "q=%22to+you+of%22"}
DASHBOARD_DAYS = (7, 30, 90, 366)  # the last ones of the log, with as many before
PAGES = {  # beside the searches
    "queue": "/staff/",
    "review queue": "/staff/reviews/",
    "list as a file": "/staff/conversations/export.csv?q=insurance",
    "who was shown an answer": "/staff/answers/utter_cost/shown/?first=<30>&last=<0>",
    **{
        f"dashboard, {days} days": f"/staff/dashboard/?since=<{days - 1}>&until=<0>"
        for days in DASHBOARD_DAYS
    },
    "dashboard as a file": "/staff/dashboard/export.csv?since=<29>&until=<0>",
}


def filled_in(address, end):
    """An address with the days and models of a log.

    Args:
        address: with places for them.
        end: when the log ends.
    """
    last_day = (end - timedelta(seconds=1)).date()
    models = models_until(end)
    address = re.sub(r"<model (\d+)>", lambda each: models[int(each[1]) - 1], address)
    return re.sub(
        r"<(\d+)>", lambda each: str(last_day - timedelta(days=int(each[1]))), address
    )
