"""What every part of the Python program shares: the task, as read from standard input, and how it is worked off."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import List
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel

TASK = json.load(sys.stdin)
ORIGIN = urlunsplit(urlsplit(TASK["baseUrl"])._replace(path=""))


class Book(BaseModel):
    title: str
    year: int
    tags: List[str]


WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}


def id_of(raw):
    return raw.headers.get("x-lethe-request-id", "")


def served(request_id, endpoint, model, streaming, finish, usage):
    return {
        "requestId": request_id,
        "endpoint": endpoint,
        "model": model,
        "streaming": streaming,
        "finishReason": finish or "",
        "usage": None if usage is None else {"input": usage[0], "output": usage[1]},
    }


def in_parallel(jobs):
    """Runs functions side by side; one list of all that their lists hold, in the order of the jobs."""
    with ThreadPoolExecutor(TASK["parallel"]) as pool:
        return [entry for entries in pool.map(lambda job: job(), jobs) for entry in entries]
