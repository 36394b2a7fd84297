"""Messages by the official anthropic package, unchanged but for base URL and key."""

from functools import partial

import anthropic
from sdk_task import ORIGIN, TASK, WEATHER, Book, id_of, in_parallel, served

BY_KEY = anthropic.Anthropic(base_url=ORIGIN, api_key=TASK["apiKey"])
BY_TOKEN = anthropic.Anthropic(base_url=ORIGIN, auth_token=TASK["apiKey"])
TOKENS_MAX = 20_000
TOOLS = [{"name": "look_up_weather", "description": "Looks up the weather.", "input_schema": WEATHER}]


def served_of(headers, message, model, streaming):
    usage = message.usage
    cache = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
    request_id = headers.get("x-lethe-request-id", "")
    counted = (usage.input_tokens + cache, usage.output_tokens)
    return served(request_id, "messages", model, streaming, message.stop_reason, counted)


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def ask(client, streaming, **rest):
    """The message, and what is to be billed for it. Streams are read by the helper that puts a message together."""
    asked = {"max_tokens": TOKENS_MAX, **rest}
    if not streaming:
        raw = client.messages.with_raw_response.create(**asked)
        message = raw.parse()
        return message, served_of(raw.headers, message, rest["model"], False)
    with client.messages.stream(**asked) as stream:
        pieces = "".join(stream.text_stream)
        message = stream.get_final_message()
        assert pieces == text_of(message), "the pieces of a stream are not its text"
        return message, served_of(stream.response.headers, message, rest["model"], True)


def ask_for_events(client, **rest):
    """The same without the helper."""
    raw = client.messages.with_raw_response.create(stream=True, **rest)
    message = None
    for event in raw.parse():
        if event.type == "message_start":
            message = event.message
        elif event.type == "message_delta":
            message.stop_reason = event.delta.stop_reason
            message.usage.output_tokens = event.usage.output_tokens
    return message, served_of(raw.headers, message, rest["model"], True)


def ask_two_turns(client, model, streaming, turns):
    messages = [{"role": "user", "content": turns[0]}]
    asked = {"model": model, "messages": messages, "system": "Say what you are asked to say."}
    if model == "sim/chat":
        # It fills its limit, so that must be a small one.
        asked["max_tokens"] = 64
    message, first = ask(client, streaming, **asked)
    assert model != "sim/echo" or text_of(message) == turns[0], "the echo is not what was said"
    messages.append({"role": "assistant", "content": message.content})
    messages.append({"role": "user", "content": [{"type": "text", "text": turns[1]}]})
    if streaming and model == "sim/chat":
        _, second = ask_for_events(client, **asked)
        return [first, second]
    message, second = ask(client, streaming, **asked)
    assert model != "sim/echo" or text_of(message) == turns[1], "the echo is not what was said"
    return [first, second]


def use_tool(client, streaming):
    messages = [{"role": "user", "content": "What will it be like in Oslo?"}]
    asked = {"model": "sim/tools", "messages": messages, "tools": TOOLS}
    message, first = ask(client, streaming, **asked)
    call = next(block for block in message.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": f"Rain in {call.input['city']}"}
    messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    message, second = ask(client, streaming, **asked)
    assert "Rain in" in text_of(message), "the answer of the tool did not come through"
    return [first, second]


def think(client, streaming):
    messages = [{"role": "user", "content": "Why is the sea salty?"}]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    asked = {"model": "sim/reasoning", "messages": messages, "thinking": thinking}
    message, first = ask(client, streaming, **asked)
    thought = message.content[0]
    assert thought.type == "thinking" and thought.thinking and thought.signature, "no thoughts came signed"
    messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": "And lakes?"}]
    return [first, ask(client, streaming, **asked)[1]]


def use_cache(client, streaming):
    text = "You are terse, and you know the river and the people beside it. " * 40
    message, seen = ask(
        client,
        streaming,
        model="sim/echo",
        system=[{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": "Who lives there?"}],
    )
    assert message.usage.cache_creation_input_tokens, "what was written to the cache was not counted"
    assert message.usage.cache_read_input_tokens, "what was read from the cache was not counted"
    return [seen]


def use_structure(client):
    asked = {"model": "sim/structured", "messages": [{"role": "user", "content": "Name a book."}]}
    form = {"type": "json_schema", "schema": anthropic.transform_schema(Book)}
    message, seen = ask(client, False, **asked, output_config={"format": form})
    Book.model_validate_json(text_of(message))
    return [seen]


def count(client):
    model = "sim/echo"
    raw = client.messages.with_raw_response.count_tokens(
        model=model,
        messages=[{"role": "user", "content": "How much is this?"}],
        tools=TOOLS,
        system="Be exact.",
    )
    assert raw.parse().input_tokens >= 10, "nothing was counted"
    return [served(id_of(raw), "count_tokens", model, False, "", (0, 0))]


def ask_all():
    both = ((BY_KEY, False), (BY_TOKEN, True))
    answers = in_parallel(
        [
            partial(ask_two_turns, client, model, streaming, turns)
            for client, streaming in both
            for model in TASK["models"]
            for turns in TASK["questions"]
        ]
    )
    for client, streaming in both:
        answers += use_tool(client, streaming) + think(client, streaming)
        answers += use_cache(client, streaming) + count(client)
    return answers + use_structure(BY_KEY)


def leave(chunks):
    asked = TASK["leftStream"]
    raw = BY_KEY.messages.with_raw_response.create(
        model=asked["model"],
        messages=[{"role": "user", "content": asked["prompt"]}],
        max_tokens=asked["tokensMax"],
        stream=True,
    )
    seen = 0
    with raw.parse() as stream:
        for event in stream:
            seen += 1 if event.type == "content_block_delta" else 0
            if seen == chunks:
                break
    return [{"requestId": id_of(raw), "endpoint": "messages", "chunksSeen": seen}]
