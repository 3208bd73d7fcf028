"""Runs the front desk's async functions from a test, in the gateway's process."""

import asyncio


def run(work):
    """What a coroutine returns."""
    return asyncio.run(work)
