"""Makes calls that must fail, and tells what the official packages made of the errors."""

import json
import traceback
from functools import partial, reduce

import anthropic
import openai
from sdk_task import ORIGIN, TASK, in_parallel


# A call that was answered: told like the others, so that a comparison shows which one it was.
NO_ERROR = {"classes": [], "status": 200, "code": "", "type": "", "param": "", "requestId": "", "text": ""}


def client_of(call):
    key = call.get("key", {"value": TASK["apiKey"], "as": "key"})
    if call["sdk"] == "openai":
        return openai.OpenAI(base_url=TASK["baseUrl"], api_key=key["value"], max_retries=0)
    as_what = {"auth_token": key["value"]} if key["as"] == "bearer" else {"api_key": key["value"]}
    return anthropic.Anthropic(base_url=ORIGIN, max_retries=0, **as_what)


def seen(error):
    body = error.body if isinstance(error.body, dict) else {}
    body = body.get("error", body)
    text = [str(error), repr(error), json.dumps(error.body), "".join(traceback.format_exception(error))]
    return {
        "classes": [one.__name__ for one in type(error).__mro__],
        "status": error.status_code,
        "code": body.get("code") or "",
        "type": body.get("type") or "",
        "param": body.get("param") or "",
        "requestId": error.request_id or "",
        "text": " ".join(text),
    }


def fail(call):
    method = reduce(getattr, call["method"].split("."), client_of(call))
    position = [call["id"]] if "id" in call else []
    extra = {"extra_body": call["fields"]} if "fields" in call else {}
    try:
        method(*position, **call["parameters"], **extra)
    except (openai.APIStatusError, anthropic.APIStatusError) as error:
        return [seen(error)]
    return [NO_ERROR]


def fail_all():
    return in_parallel([partial(fail, call) for call in TASK["calls"]])
