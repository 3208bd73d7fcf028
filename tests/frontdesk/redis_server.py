"""Finds the Redis that tests use; ``python -m tests.frontdesk.redis_server`` installs
Debian's where that can be done.
"""

import os
import shutil
import subprocess
import sys

HOW = "There is no redis-server on this machine. As root: apt-get install redis-server."


def find_redis():
    """Path of a redis-server, else None."""
    return shutil.which("redis-server")


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
