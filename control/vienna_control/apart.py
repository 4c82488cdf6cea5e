"""What others wrote, read in a process of its own.

Reading it is all computing, and it can be written to take for ever: there it takes neither the event loop nor the
writer any time, has an end to its time and memory, and has nothing of ours in its surroundings.
"""

from __future__ import annotations

import asyncio
import resource
import sys


class TooMuchError(Exception):
    """It took longer, or more memory, than it may."""


async def worked(module: str, given: bytes, *, seconds: float, most_bytes: int) -> bytes:
    """What ``python -m module`` answers on its standard output to this input. Raises ``TooMuchError``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        async with asyncio.timeout(seconds):
            answer, _ = await process.communicate(given)
    except TimeoutError:
        raise TooMuchError from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or len(answer) > most_bytes:
        raise TooMuchError
    return answer


def confine(*, seconds: int, memory_bytes: int) -> None:
    """Of this process, the one that reads: its end, should nobody wait for it any more."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
