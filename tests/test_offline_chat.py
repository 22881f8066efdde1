"""POST /v1/chat/completions, plain and streamed, through the real clients."""

import asyncio
from itertools import product

import openai
import pytest

from semcache.lab.offline import OfflineAPI, chat
from semcache.lab.offline.completion import divide
from semcache.tokens import count_tokens

QUESTION = "What is Redis?"


def ask(text: str = QUESTION, model: str = "offline-large") -> dict:
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def test_a_plain_answer():
    reply = OfflineAPI().client().chat.completions.create(**ask())
    [choice] = reply.choices
    assert choice.message.role == "assistant"
    assert choice.message.content.startswith("Redis is a server that keeps its data in memory")
    assert choice.finish_reason == "stop"
    assert (reply.object, reply.model) == ("chat.completion", "offline-large")


def test_the_same_request_gets_the_same_reply_byte_for_byte():
    def raw(api):
        return api.client().chat.completions.with_raw_response.create(**ask()).content

    assert raw(OfflineAPI()) == raw(OfflineAPI())


def test_different_requests_have_different_ids():
    client = OfflineAPI().client()
    one = client.chat.completions.create(**ask())
    two = client.chat.completions.create(**ask(), max_tokens=5)
    assert one.id != two.id


def test_the_two_models_answer_differently():
    client = OfflineAPI().client()
    for question in [QUESTION, "Redis是什么？", "something nobody recorded"]:
        mini, large = (
            client.chat.completions.create(**ask(question, model)).choices[0].message.content
            for model in ("offline-mini", "offline-large")
        )
        assert mini != large


def test_async_gives_the_same_reply():
    api = OfflineAPI()
    sync = api.client().chat.completions.create(**ask())
    assert asyncio.run(api.async_client().chat.completions.create(**ask())) == sync


def test_usage_adds_up_and_is_what_the_api_counts():
    api = OfflineAPI()
    reply = api.client().chat.completions.create(**ask())
    usage = reply.usage
    # 3 for the reply, 3 for the message, 1 for "user", and the text
    assert usage.prompt_tokens == 7 + count_tokens(QUESTION)
    assert usage.completion_tokens == count_tokens(reply.choices[0].message.content)
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens == api.tokens


def test_an_answer_over_the_limit_is_cut_there():
    client = OfflineAPI().client()
    for name, question in product(
        ("max_tokens", "max_completion_tokens"), (QUESTION, "Redis是什么？")
    ):
        whole = client.chat.completions.create(**ask(question)).choices[0].message.content
        reply = client.chat.completions.create(**ask(question), **{name: 6})
        text = reply.choices[0].message.content
        assert reply.choices[0].finish_reason == "length"
        assert reply.usage.completion_tokens == 6
        assert 0 < len(text) < len(whole)
        assert whole.startswith(text), "no half character at the cut"


def test_an_answer_of_exactly_the_limit_is_whole():
    client = OfflineAPI().client()
    whole = client.chat.completions.create(**ask())
    same = client.chat.completions.create(**ask(), max_tokens=whole.usage.completion_tokens)
    assert same.choices == whole.choices


def test_stop_ends_the_answer_before_the_text():
    client = OfflineAPI().client()
    whole = client.chat.completions.create(**ask()).choices[0].message.content
    reply = client.chat.completions.create(**ask(), stop=["no such text", " keeps", "data"])
    assert reply.choices[0].message.content == whole.split(" keeps")[0]
    assert reply.choices[0].finish_reason == "stop"


def test_n_choices_are_all_billed():
    reply = OfflineAPI().client().chat.completions.create(**ask(), n=3)
    assert [choice.index for choice in reply.choices] == [0, 1, 2]
    text = reply.choices[0].message.content
    assert reply.usage.completion_tokens == 3 * count_tokens(text)


def test_a_stream_adds_up_to_the_plain_answer():
    client = OfflineAPI().client()
    for question in [QUESTION, "Redis是什么？", "an emoji 👩🏽‍💻, please"]:
        plain = client.chat.completions.create(**ask(question))
        chunks = list(client.chat.completions.create(**ask(question), stream=True))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        assert text == plain.choices[0].message.content
        assert chunks[0].choices[0].delta.role == "assistant"
        assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == [
            "stop"
        ]
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
        assert len(chunks) > 10


def test_a_stream_says_what_it_cost_only_when_asked():
    api = OfflineAPI()
    client = api.client()
    plain = client.chat.completions.create(**ask())
    silent = list(client.chat.completions.create(**ask(), stream=True))
    assert all(chunk.usage is None for chunk in silent)
    options = {"include_usage": True}
    *chunks, last = client.chat.completions.create(**ask(), stream=True, stream_options=options)
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert all("usage" in chunk.model_fields_set for chunk in chunks), "null, as the API sends it"
    assert (last.choices, last.usage) == ([], plain.usage)
    assert [call.tokens for call in api.calls] == [plain.usage.total_tokens] * 3


def test_a_stream_of_several_choices_keeps_them_apart():
    stream = OfflineAPI().client().chat.completions.create(**ask(), n=2, max_tokens=4, stream=True)
    texts, ends = ["", ""], []
    for chunk in stream:
        [choice] = chunk.choices
        texts[choice.index] += choice.delta.content or ""
        if choice.finish_reason:
            ends.append((choice.index, choice.finish_reason))
    assert texts[0] == texts[1] != ""
    assert ends == [(0, "length"), (1, "length")]


@pytest.fixture
def produced(monkeypatch):
    """The chunks that the API has made so far."""
    made = []
    original = chat._chunk

    def counted(*args):
        made.append(args)
        return original(*args)

    monkeypatch.setattr(chat, "_chunk", counted)
    return made


def test_the_first_chunk_arrives_before_the_second_is_made(produced):
    stream = OfflineAPI().client().chat.completions.create(**ask(), stream=True)
    assert len(produced) == 0, "nothing is made before it is read"
    for read, _ in enumerate(stream, start=1):
        assert len(produced) == read
    assert len(produced) > 10


def test_the_first_chunk_arrives_before_the_second_is_made_async(produced):
    async def scenario():
        client = OfflineAPI().async_client()
        stream = await client.chat.completions.create(**ask(), stream=True)
        read = 0
        async for _ in stream:
            read += 1
            assert len(produced) == read

    asyncio.run(scenario())
    assert len(produced) > 10


def test_two_async_streams_take_turns():
    async def listen(stream, name, heard):
        async for _ in stream:
            heard.append(name)

    async def scenario():
        client, heard = OfflineAPI().async_client(), []
        streams = [await client.chat.completions.create(**ask(), stream=True) for _ in range(2)]
        await asyncio.gather(*(listen(s, n, heard) for s, n in zip(streams, "ab", strict=True)))
        return heard

    heard = asyncio.run(scenario())
    assert heard[:6] == ["a", "b"] * 3


def test_a_stream_can_be_left_early():
    api = OfflineAPI()
    client = api.client()
    with client.chat.completions.create(**ask(), stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(**ask()).choices
    assert api.call_count("chat/completions") == 2


def test_a_refused_stream_raises_before_it_is_read():
    with pytest.raises(openai.NotFoundError):
        OfflineAPI().client().chat.completions.create(**ask(model="gpt-4o"), stream=True)


def test_the_pieces_of_a_completion_are_its_text():
    for text in ("one two three", "缓存保存结果", "👩🏽‍💻", "<|endoftext|>", ""):
        pieces = divide(text, None)
        assert "".join(pieces.parts) == pieces.text == text
        assert (pieces.tokens, pieces.whole) == (count_tokens(text), True)
