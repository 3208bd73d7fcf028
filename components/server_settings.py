"""Settings of the Rasa server process that Rasa's own files have no key for.

Read by ``components.channels`` when the server registers its channels.
"""

from __future__ import annotations

import logging
import os

import rasa.core.actions.action
from rasa.shared.exceptions import RasaException

logger = logging.getLogger(__name__)

# Rasa waits five minutes for a custom action; a patient would see nothing that long.
ACTION_TIMEOUT_SECONDS = 2
TOKEN_VARIABLE = "RASA_AUTH_TOKEN"
SHORTEST_TOKEN = 16


def limit_action_calls(seconds: int = ACTION_TIMEOUT_SECONDS) -> None:
    """Makes a call of the action server fail after ``seconds``.

    Rasa has no setting for it: ``RemoteAction`` reads this name of its own module at
    each call. After the failure Rasa goes on with the conversation.
    """
    rasa.core.actions.action.DEFAULT_REQUEST_TIMEOUT = seconds


def auth_token() -> str:
    """The token of the HTTP API and of the front desk's channel.

    Raises:
        RasaException: if there is none, or one that is easy to guess.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    if len(token) < SHORTEST_TOKEN:
        raise RasaException(
            f"{TOKEN_VARIABLE}: the server starts only with a token of at least "
            f"{SHORTEST_TOKEN} characters. 'make assistant' makes one; to start the "
            f"server by hand, set {TOKEN_VARIABLE}."
        )
    return token
