"""Asks everything with the official openai package, unchanged but for base URL and key.

Reads the task as JSON from standard input and writes what it saw as JSON to standard output.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import List

import openai
from pydantic import BaseModel

TASK = json.load(sys.stdin)
CLIENT = openai.OpenAI(base_url=TASK["baseUrl"], api_key=TASK["apiKey"])


class Book(BaseModel):
    title: str
    year: int
    tags: List[str]


def id_of(raw):
    return raw.headers.get("x-lethe-request-id", "")


def usage_of(usage):
    return None if usage is None else {"input": usage.prompt_tokens, "output": usage.completion_tokens}


def served(raw, completion, model):
    return {
        "requestId": id_of(raw),
        "model": model,
        "streaming": False,
        "finishReason": completion.choices[0].finish_reason,
        "usage": usage_of(completion.usage),
    }


def ask_whole(model, messages):
    raw = CLIENT.chat.completions.with_raw_response.create(model=model, messages=messages)
    completion = raw.parse()
    return completion.choices[0].message.content, served(raw, completion, model)


def ask_streamed(model, messages):
    include_usage = model == "sim/chat"
    extra = {"stream_options": {"include_usage": True}} if include_usage else {}
    raw = CLIENT.chat.completions.with_raw_response.create(
        model=model, messages=messages, stream=True, **extra
    )
    text, finish, usage = "", "", None
    for chunk in raw.parse():
        if not chunk.choices:
            assert include_usage, "a chunk without choices reached a program that did not ask for usage"
        else:
            text += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
        usage = usage_of(chunk.usage) or usage
    seen = {"requestId": id_of(raw), "model": model, "streaming": True, "finishReason": finish, "usage": usage}
    return text, seen


def ask_two_turns(job):
    model, streaming, (first_turn, second_turn) = job
    ask = ask_streamed if streaming else ask_whole
    messages = [{"role": "user", "content": first_turn}]
    text, first = ask(model, messages)
    assert model != "sim/echo" or text == first_turn, "the echo is not what was said"
    messages += [{"role": "assistant", "content": text}, {"role": "user", "content": second_turn}]
    text, second = ask(model, messages)
    assert model != "sim/echo" or text == second_turn, "the echo is not what was said"
    return [first, second]


def use_tool():
    model = "sim/tools"
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    }
    tool = {"name": "look_up_weather", "description": "Looks up the weather.", "parameters": parameters}
    tools = [{"type": "function", "function": tool}]
    messages = [{"role": "user", "content": "What will it be like in Oslo?"}]
    raw = CLIENT.chat.completions.with_raw_response.create(model=model, messages=messages, tools=tools)
    asked = raw.parse()
    call = asked.choices[0].message.tool_calls[0]
    city = json.loads(call.function.arguments)["city"]
    messages.append(asked.choices[0].message)
    messages.append({"role": "tool", "tool_call_id": call.id, "content": f"Rain in {city}"})
    raw_answer = CLIENT.chat.completions.with_raw_response.create(model=model, messages=messages, tools=tools)
    answered = raw_answer.parse()
    assert "Rain in" in answered.choices[0].message.content, "the answer of the tool did not come through"
    return [served(raw, asked, model), served(raw_answer, answered, model)]


def use_structure():
    model = "sim/structured"
    raw = CLIENT.chat.completions.with_raw_response.parse(
        model=model, messages=[{"role": "user", "content": "Name a book."}], response_format=Book
    )
    completion = raw.parse()
    assert isinstance(completion.choices[0].message.parsed, Book), "what was parsed does not fit"
    return served(raw, completion, model)


def leave_stream(chunks):
    raw = CLIENT.chat.completions.with_raw_response.create(
        model=TASK["leftStream"]["model"],
        messages=[{"role": "user", "content": "Tell me a long story about the river and the people beside it."}],
        max_tokens=TASK["leftStream"]["tokensMax"],
        stream=True,
    )
    seen = 0
    with raw.parse() as stream:
        for _ in stream:
            seen += 1
            if seen == chunks:
                break
    return {"requestId": id_of(raw), "chunksSeen": seen}


def main():
    result = {"version": openai.__version__, "models": [], "answers": [], "left": []}
    if TASK["phase"] == "ask":
        result["models"] = [model.id for model in CLIENT.models.list()]
        jobs = [
            (model, streaming, turns)
            for model in TASK["models"]
            for streaming in (False, True)
            for turns in TASK["questions"]
        ]
        with ThreadPoolExecutor(TASK["parallel"]) as pool:
            for pair in pool.map(ask_two_turns, jobs):
                result["answers"] += pair
        result["answers"] += use_tool()
        result["answers"].append(use_structure())
    else:
        with ThreadPoolExecutor(2) as pool:
            result["left"] = list(pool.map(leave_stream, TASK["leaveAfter"]))
    json.dump(result, sys.stdout)


main()
