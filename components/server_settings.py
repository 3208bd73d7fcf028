"""Settings of the Rasa server process that Rasa's own files have no key for.

Read by ``components.channels`` when the server registers its channels.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

import rasa.core.actions.action
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.shared.exceptions import RasaException

logger = logging.getLogger(__name__)

# Rasa waits five minutes for a custom action; a patient would see nothing that long.
ACTION_TIMEOUT_SECONDS = 2
TOKEN_VARIABLE = "RASA_AUTH_TOKEN"
SHORTEST_TOKEN = 16


_check_as_rasa_does = RemoteAction._validate_action_result


def set_up_action_calls(seconds: int = ACTION_TIMEOUT_SECONDS) -> None:
    """Makes a call of the action server fail after ``seconds``, and cheap otherwise.

    Rasa has no setting for the time: ``RemoteAction`` reads this name of its own module
    at each call. After the failure Rasa goes on with the conversation. And it checks
    the schema of the answers anew with each answer, a quarter of all processor time
    under load (ADR 0001): here that is done once, the answers are checked as before.
    """
    rasa.core.actions.action.DEFAULT_REQUEST_TIMEOUT = seconds
    RemoteAction._validate_action_result = _check


def _check(action: RemoteAction, result: dict[str, Any]) -> bool:
    """Whether the action server's answer is one; Rasa's own error if not."""
    return _answers().is_valid(result) or _check_as_rasa_does(action, result)


@cache
def _answers() -> Validator:
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


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
