"""Rasa's command line with the token of the HTTP API taken from the environment.

Started by ``deploy.assistant``. Rasa itself takes the token only as an argument, where
every user of the machine can read it.
"""

from __future__ import annotations

import sys

from components import compat


def main() -> None:
    """``rasa run …`` with ``--auth-token`` added inside the process."""
    compat.install()
    from rasa.shared.exceptions import RasaException

    from components.server_settings import auth_token

    try:
        token = auth_token()
    except RasaException as error:
        sys.exit(str(error))
    sys.argv += ["--auth-token", token]
    compat.main()


if __name__ == "__main__":
    main()
