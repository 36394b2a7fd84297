"""Chat Completions by the official openai package, unchanged but for base URL and key."""

import json
from functools import partial

import openai
from sdk_task import TASK, WEATHER, Book, id_of, in_parallel, served

CLIENT = openai.OpenAI(base_url=TASK["baseUrl"], api_key=TASK["apiKey"])
ENDPOINT = "chat_completions"


def usage_of(usage):
    return None if usage is None else (usage.prompt_tokens, usage.completion_tokens)


def served_of(raw, completion, model):
    finish = completion.choices[0].finish_reason
    return served(id_of(raw), ENDPOINT, model, False, finish, usage_of(completion.usage))


def ask_whole(model, messages):
    raw = CLIENT.chat.completions.with_raw_response.create(model=model, messages=messages)
    completion = raw.parse()
    return completion.choices[0].message.content, served_of(raw, completion, model)


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
    return text, served(id_of(raw), ENDPOINT, model, True, finish, usage)


def ask_two_turns(model, streaming, turns):
    ask = ask_streamed if streaming else ask_whole
    messages = [{"role": "user", "content": turns[0]}]
    text, first = ask(model, messages)
    assert model != "sim/echo" or text == turns[0], "the echo is not what was said"
    messages += [{"role": "assistant", "content": text}, {"role": "user", "content": turns[1]}]
    text, second = ask(model, messages)
    assert model != "sim/echo" or text == turns[1], "the echo is not what was said"
    return [first, second]


def use_tool():
    model = "sim/tools"
    tool = {"name": "look_up_weather", "description": "Looks up the weather.", "parameters": WEATHER}
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
    return [served_of(raw, asked, model), served_of(raw_answer, answered, model)]


def use_structure():
    model = "sim/structured"
    raw = CLIENT.chat.completions.with_raw_response.parse(
        model=model, messages=[{"role": "user", "content": "Name a book."}], response_format=Book
    )
    completion = raw.parse()
    assert isinstance(completion.choices[0].message.parsed, Book), "what was parsed does not fit"
    return [served_of(raw, completion, model)]


def ask_all():
    jobs = [
        partial(ask_two_turns, model, streaming, turns)
        for model in TASK["models"]
        for streaming in (False, True)
        for turns in TASK["questions"]
    ]
    return in_parallel(jobs) + use_tool() + use_structure()


def leave(chunks):
    raw = CLIENT.chat.completions.with_raw_response.create(
        model=TASK["leftStream"]["model"],
        messages=[{"role": "user", "content": TASK["leftStream"]["prompt"]}],
        max_tokens=TASK["leftStream"]["tokensMax"],
        stream=True,
    )
    seen = 0
    with raw.parse() as stream:
        for _ in stream:
            seen += 1
            if seen == chunks:
                break
    return [{"requestId": id_of(raw), "endpoint": ENDPOINT, "chunksSeen": seen}]
