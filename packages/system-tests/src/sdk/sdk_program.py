"""Does one phase of the task on standard input with the official packages; what it saw goes to standard output."""

import json
import sys
from functools import partial

import anthropic
import anthropic_messages
import failing_calls
import openai
import openai_chat
import openai_endpoints
from sdk_task import TASK, in_parallel

LEAVES = {
    "chat_completions": openai_chat.leave,
    "completions": openai_endpoints.leave_completion,
    "responses": openai_endpoints.leave_response,
    "messages": anthropic_messages.leave,
}


def leave_all():
    jobs = [
        partial(LEAVES[endpoint], chunks)
        for endpoint, counts in TASK["leaveAfter"].items()
        for chunks in counts
    ]
    return in_parallel(jobs)


def main():
    phase = TASK["phase"]
    result = {
        "versions": {"openai": openai.__version__, "anthropic": anthropic.__version__},
        "models": [],
        "answers": [],
        "left": [],
        "errors": [],
    }
    if phase == "chat":
        result["models"] = [model.id for model in openai_chat.CLIENT.models.list()]
        result["answers"] = openai_chat.ask_all()
    elif phase == "endpoints":
        result["answers"] = openai_endpoints.ask_all()
    elif phase == "messages":
        result["models"] = [model.id for model in anthropic_messages.BY_KEY.models.list()]
        result["answers"] = anthropic_messages.ask_all()
    elif phase == "leave":
        result["left"] = leave_all()
    else:
        result["errors"] = failing_calls.fail_all()
    json.dump(result, sys.stdout)


main()
