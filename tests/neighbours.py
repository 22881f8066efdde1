"""Small applications over other people's frameworks, as their readers would write them.

Each takes an API and returns what the application got. They know nothing of semcache: whatever
speaks OpenAI's protocol may stand behind the clients. Each runs one event loop at most.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from pydantic import BaseModel

__all__ = ["NEEDS", "REPORT", "SCRIPTS", "Clients", "Weather"]

MODEL = "offline-mini"
QUESTION = "What is the weather in New York?"
REPORT = "21 degrees and dry"

Got = dict[str, Any]


@dataclass(frozen=True)
class Clients:
    """One API, as frameworks want it: clients, or the transports under clients."""

    openai: openai.OpenAI
    async_openai: openai.AsyncOpenAI
    http: httpx2.Client
    async_http: httpx2.AsyncClient


Script = Callable[[Clients], Got]


class Weather(BaseModel):
    """A form to fill in."""

    city: str
    answer: str


def get_weather(city: str) -> str:
    """Say what the weather is in a city now."""
    return f"{city}: {REPORT}"


def _langchain(api: Clients, **options: Any) -> Any:
    from langchain_openai import ChatOpenAI

    # ChatOpenAI makes clients of its own over the transports.
    transports = {"http_client": api.http, "http_async_client": api.async_http}
    address = {"api_key": "none", "base_url": "http://offline.invalid/v1"}
    return ChatOpenAI(model=MODEL, **address, **transports, **options)


def langchain_stream(api: Clients) -> Got:
    llm = _langchain(api, stream_usage=True)

    async def listen() -> list[Any]:
        return [chunk async for chunk in llm.astream("What is Redis?")]

    chunks = list(llm.stream("What is Redis?"))
    whole, *rest = chunks
    for chunk in rest:
        whole += chunk
    texts = [chunk.text for chunk in asyncio.run(listen())]
    return {
        "text": whole.text,
        "async text": "".join(texts),
        "chunks": len(chunks),
        "tokens": whole.usage_metadata["total_tokens"],
    }


def langchain_tools(api: Clients) -> Got:
    from langchain_core.messages import HumanMessage
    from langchain_core.tools import tool

    weather = tool(get_weather)
    llm = _langchain(api).bind_tools([weather])
    messages: list[Any] = [HumanMessage(QUESTION)]
    calling = llm.invoke(messages)
    messages += [calling, *(weather.invoke(call) for call in calling.tool_calls)]
    return {"calls": calling.tool_calls, "text": llm.invoke(messages).text}


def langchain_streamed_tools(api: Clients) -> Got:
    from langchain_core.tools import tool

    llm = _langchain(api).bind_tools([tool(get_weather)])
    whole, *rest = llm.stream(QUESTION)
    for chunk in rest:
        whole += chunk
    return {"calls": whole.tool_calls, "chunks": len(rest) + 1}


def langchain_form(api: Clients) -> Got:
    llm = _langchain(api)
    by_schema = llm.with_structured_output(Weather, method="json_schema", strict=True)
    by_tool = llm.with_structured_output(Weather, method="function_calling")
    return {"by schema": by_schema.invoke(QUESTION), "by tool": by_tool.invoke(QUESTION)}


def langchain_responses(api: Clients) -> Got:
    from langchain_core.tools import tool

    llm = _langchain(api, use_responses_api=True)
    calling = llm.bind_tools([tool(get_weather)]).invoke(QUESTION)
    streamed = "".join(chunk.text for chunk in llm.stream("What is Redis?"))
    return {"calls": calling.tool_calls, "text": streamed}


def _agent(model: Any, **options: Any) -> Any:
    from agents import Agent, function_tool, set_tracing_disabled

    set_tracing_disabled(True)  # it would send every run to OpenAI
    return Agent(name="Forecaster", model=model, tools=[function_tool(get_weather)], **options)


def _run(agent: Any) -> Got:
    from agents import Runner

    async def twice() -> Got:
        run = await Runner.run(agent, QUESTION)
        streamed = Runner.run_streamed(agent, QUESTION)
        events = [event.type async for event in streamed.stream_events()]
        steps = [item.type for item in run.new_items]
        outputs = {"text": run.final_output, "streamed text": streamed.final_output}
        return {**outputs, "steps": steps, "events": len(events)}

    return asyncio.run(twice())


def agents_over_responses(api: Clients) -> Got:
    from agents import OpenAIResponsesModel

    return _run(_agent(OpenAIResponsesModel(model=MODEL, openai_client=api.async_openai)))


def agents_over_chat(api: Clients) -> Got:
    from agents import OpenAIChatCompletionsModel

    return _run(_agent(OpenAIChatCompletionsModel(model=MODEL, openai_client=api.async_openai)))


def agents_form(api: Clients) -> Got:
    from agents import OpenAIResponsesModel

    model = OpenAIResponsesModel(model=MODEL, openai_client=api.async_openai)
    return _run(_agent(model, output_type=Weather))


def own_form(api: Clients) -> Got:
    """What ``instructor`` does, with the client's own means: a class in, an object out."""
    chat = api.openai.chat.completions.parse(
        model=MODEL, messages=[{"role": "user", "content": QUESTION}], response_format=Weather
    )
    response = api.openai.responses.parse(model=MODEL, input=QUESTION, text_format=Weather)
    return {"by chat": chat.choices[0].message.parsed, "by responses": response.output_parsed}


SCRIPTS: dict[str, Script] = {
    "langchain-openai, streaming": langchain_stream,
    "langchain-openai, tools": langchain_tools,
    "langchain-openai, streamed tools": langchain_streamed_tools,
    "langchain-openai, a form": langchain_form,
    "langchain-openai, responses": langchain_responses,
    "openai-agents, responses": agents_over_responses,
    "openai-agents, chat": agents_over_chat,
    "openai-agents, a form": agents_form,
    "openai, a form": own_form,
}
NEEDS = {"langchain-openai": "langchain_openai", "openai-agents": "agents", "openai": "openai"}
