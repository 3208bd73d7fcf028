"""Finds the Redis that tests use; ``python -m tests.frontdesk.redis_server`` installs
Debian's where that can be done.
"""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
import redis

from tests.ports import free_port

HOW = "There is no redis-server on this machine. As root: apt-get install redis-server."


def find_redis():
    """Path of a redis-server, else None."""
    return shutil.which("redis-server")


@contextmanager
def running_redis(folder):
    """Address of an empty Redis while the block runs. Without one, tests are skipped
    and say how to get it; in continuous integration they fail.
    """
    # It sets Django up, which an installation does not need.
    from tests.frontdesk.gateway_for_tests import wait_until

    program = find_redis()
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until(lambda: _answers(url))
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url):
    try:
        return redis.from_url(url).ping()
    except redis.RedisError:
        return False


def main():
    """Installs one unless there is one; gives an exit code."""
    found = find_redis()
    if found:
        print(f"Redis: {found}")
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        # What the package would start by itself is not for tests.
        environment = {**os.environ, "RUNLEVEL": "1"}
        subprocess.run(["apt-get", "update"], check=False)
        install = ["apt-get", "install", "-y", "--no-install-recommends"]
        subprocess.run([*install, "redis-server"], env=environment, check=False)
    if find_redis():
        return 0
    print(HOW, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
