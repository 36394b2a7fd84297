"""Responses, legacy completions and embeddings by the official openai package, unchanged but for base URL and key."""

import base64
import json
import struct
from functools import partial

from openai_chat import CLIENT, usage_of
from sdk_task import TASK, WEATHER, Book, id_of, in_parallel, served

RAW = CLIENT.responses.with_raw_response
TOOLS = [
    {
        "type": "function",
        "name": "look_up_weather",
        "description": "Looks up the weather.",
        "strict": True,
        "parameters": WEATHER,
    }
]


def finish_of(response):
    if any(item.type == "function_call" for item in response.output):
        return "function_call"
    return response.incomplete_details.reason if response.incomplete_details else response.status


def served_of(raw, response, model, streaming):
    usage = (response.usage.input_tokens, response.usage.output_tokens)
    return served(id_of(raw), "responses", model, streaming, finish_of(response), usage)


def ask(streaming, model, **rest):
    """The response, and what is to be billed for it; of a stream the one in its last event."""
    if not streaming:
        raw = RAW.create(model=model, **rest)
        response = raw.parse()
        return response, served_of(raw, response, model, False)
    raw = RAW.create(model=model, stream=True, **rest)
    pieces, ended = "", None
    for number, event in enumerate(raw.parse()):
        assert event.sequence_number == number, "an event is missing"
        if event.type == "response.output_text.delta":
            pieces += event.delta
        if event.type in ("response.completed", "response.incomplete"):
            ended = event.response
    assert ended is not None, "a stream of responses has no last event"
    assert pieces == ended.output_text, "the pieces of a stream are not its text"
    return ended, served_of(raw, ended, model, True)


def ask_two_turns(model, streaming, turns):
    items = [{"role": "user", "content": turns[0]}]
    response, first = ask(streaming, model, input=items)
    assert model != "sim/echo" or response.output_text == turns[0], "the echo is not what was said"
    items += response.output
    items.append({"role": "user", "content": turns[1]})
    response, second = ask(streaming, model, input=items)
    assert model != "sim/echo" or response.output_text == turns[1], "the echo is not what was said"
    return [first, second]


def use_tool(streaming):
    items = [{"role": "user", "content": "What will it be like in Oslo?"}]
    asked, first = ask(streaming, "sim/tools", input=items, tools=TOOLS)
    call = next(item for item in asked.output if item.type == "function_call")
    output = f"Rain in {json.loads(call.arguments)['city']}"
    items += [call, {"type": "function_call_output", "call_id": call.call_id, "output": output}]
    answered, second = ask(streaming, "sim/tools", input=items, tools=TOOLS)
    assert "Rain in" in answered.output_text, "the answer of the tool did not come through"
    return [first, second]


def use_reasoning(streaming):
    response, seen = ask(
        streaming,
        "sim/reasoning",
        input=[{"role": "user", "content": "Why is the sea salty?"}],
        reasoning={"effort": "low", "summary": "auto"},
        include=["reasoning.encrypted_content"],
    )
    assert response.output[0].type == "reasoning", "the reasoning did not come"
    assert response.output[0].encrypted_content, "the reasoning did not come sealed"
    assert response.usage.output_tokens_details.reasoning_tokens > 0, "the reasoning was not counted"
    return [seen]


def use_structure():
    model = "sim/structured"
    raw = RAW.parse(model=model, input="Name a book.", text_format=Book)
    response = raw.parse()
    assert isinstance(response.output_parsed, Book), "what was parsed does not fit"
    return [served_of(raw, response, model, False)]


def complete(prompt, streaming):
    model = "sim/echo"
    raw = CLIENT.completions.with_raw_response.create(model=model, prompt=prompt, stream=streaming)
    text, finish, usage = "", "", None
    for chunk in raw.parse() if streaming else [raw.parse()]:
        text += chunk.choices[0].text
        finish = chunk.choices[0].finish_reason or finish
        usage = usage_of(chunk.usage)
    assert text == prompt, "the echo is not what was said"
    return [served(id_of(raw), "completions", model, streaming, finish, usage)]


def embed():
    """As the package asks by itself, which is in base64 and decoded; as numbers; and as text that stays encoded."""
    model = "sim/embed"
    seen, vectors = [], []
    for extra in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"}):
        raw = CLIENT.embeddings.with_raw_response.create(
            model=model, input=["the river", "the people beside it"], **extra
        )
        answer = raw.parse()
        vector = answer.data[1].embedding
        if isinstance(vector, str):
            data = base64.b64decode(vector)
            vector = list(struct.unpack(f"<{len(data) // 4}f", data))
        vectors.append([struct.pack("<f", number) for number in vector])
        usage = (answer.usage.prompt_tokens, 0)
        seen.append(served(id_of(raw), "embeddings", model, False, "", usage))
    assert len(vectors[0]) == 256, "a vector has another length"
    assert vectors[0] == vectors[1] == vectors[2], "a vector depends on how it was sent"
    return seen


def ask_all():
    jobs = []
    for streaming in (False, True):
        for turns in TASK["questions"]:
            jobs += [partial(ask_two_turns, model, streaming, turns) for model in TASK["models"]]
            jobs.append(partial(complete, turns[0], streaming))
    answers = in_parallel(jobs)
    for streaming in (False, True):
        answers += use_tool(streaming) + use_reasoning(streaming)
    return answers + use_structure() + embed()


def left(raw, endpoint, chunks, counts):
    """Reads a stream until so many of its events counted, and leaves it."""
    seen = 0
    with raw.parse() as stream:
        for event in stream:
            seen += 1 if counts(event) else 0
            if seen == chunks:
                break
    return [{"requestId": id_of(raw), "endpoint": endpoint, "chunksSeen": seen}]


def leave_response(chunks):
    asked = TASK["leftStream"]
    raw = RAW.create(
        model=asked["model"], input=asked["prompt"], max_output_tokens=asked["tokensMax"], stream=True
    )
    return left(raw, "responses", chunks, lambda event: event.type == "response.output_text.delta")


def leave_completion(chunks):
    asked = TASK["leftStream"]
    raw = CLIENT.completions.with_raw_response.create(
        model=asked["model"], prompt=asked["prompt"], max_tokens=asked["tokensMax"], stream=True
    )
    return left(raw, "completions", chunks, lambda _: True)
