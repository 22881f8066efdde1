"""What is done to one reply, named by the arguments of ``create`` that ask for it."""

from collections.abc import Mapping
from typing import Any

import openai

from semcache.answers.completion import Completion
from semcache.blocking import run
from semcache.client.body import read_body
from semcache.client.cache import PATHS, UNREADABLE, ClientCache
from semcache.client.call import Call, read_call
from semcache.client.chat import CHAT, reply_of
from semcache.client.endpoint import Endpoint
from semcache.client.responses import RESPONSES
from semcache.client.wish import wishes_of
from semcache.errors import ConfigError, InvalidInput

__all__ = ["AsyncByArguments", "ByArguments"]


class _ByArguments(ClientCache):
    """What both faces have."""

    async def _delete(self, arguments: Mapping[str, Any]) -> bool:
        call, _ = await self._call_of(arguments)
        return await self.flow.delete(call)

    async def _contains(self, arguments: Mapping[str, Any]) -> bool:
        call, _ = await self._call_of(arguments)
        return await self.flow.contains(call)

    async def _keep(self, reply: Any, arguments: Mapping[str, Any]) -> bool:
        call, asked = await self._call_of(arguments)
        completion = self._completion(reply, call)
        wishes = self._usual if asked is None else wishes_of(asked, *self._own)
        return await self._keep_given(
            call, completion, wishes if call.similar else wishes._replace(similar=False)
        )

    async def _call_of(self, arguments: Mapping[str, Any]) -> tuple[Call, Any]:
        """Return the request that the client would make, and what it wants of the cache."""
        endpoint: Endpoint = CHAT if "messages" in arguments else RESPONSES
        try:
            made = self._openai._build_request(_options(endpoint.path, arguments))
        except (TypeError, UnicodeError) as error:
            raise ConfigError(f"an argument is no JSON: {error}") from error
        request, body, asked = read_body(made, PATHS)
        call = None
        if body is not None:
            call = await read_call(endpoint, body, request, self._standalone)
        if call is None:
            raise ConfigError("give the arguments of chat.completions.create or responses.create")
        return call, asked

    def _completion(self, reply: Any, call: Call) -> Completion:
        """Return what a reply says."""
        if isinstance(reply, str) and call.endpoint is CHAT:
            reply = reply_of(reply, call.model, self.options.clock())
        try:
            payload = reply.to_dict(mode="json") if isinstance(reply, openai.BaseModel) else reply
            completion = call.endpoint.completion(payload)
        except UNREADABLE as error:
            raise InvalidInput(f"the reply cannot be read: {error!r}") from error
        if completion is None:
            said = type(reply).__name__
            raise InvalidInput(f"the reply is {said}, and no reply of {call.endpoint.path}")
        return completion


class ByArguments(_ByArguments):
    """What a blocking cache can do."""

    def delete(self, **arguments: Any) -> bool:
        """Delete the answer to this very request, and what was promoted from it.

        Args:
            **arguments: Those of ``chat.completions.create`` or ``responses.create``, or of
                ``parse`` in their place.

        Raises:
            ConfigError: Arguments that make no request.
            CacheUnavailable: Redis failed; the answer may still be there.
        """
        return run(self._delete(arguments))

    def contains(self, **arguments: Any) -> bool:
        """Return whether there is a reply that was given to this very request; counts nothing.

        A reply to a similar question is none, though this request has been served it.

        Args:
            **arguments: As for :meth:`delete`.

        Raises:
            ConfigError: Arguments that make no request.
            CacheUnavailable: Redis failed.
        """
        return run(self._contains(arguments))

    def keep(self, reply: Any, /, **arguments: Any) -> bool:
        """Keep a reply that you have, in place of an older one; return whether it was kept.

        It is found again exactly and by similarity, as if the provider had sent it now, and what
        the rules of admission, for questions and answers, and ``admit`` refuse is not kept.

        Args:
            reply: A ``ChatCompletion`` or ``Response``, or one as a dict; or the answer's text, of
                which a chat completion is made that costs 0 tokens.
            **arguments: As for :meth:`delete`; ``extra_body={"semcache": {"ttl": 60}}`` as in a
                request, no longer than the cache's own.

        Raises:
            ConfigError: Arguments that make no request, or a wish that cannot be fulfilled.
            InvalidInput: The reply is none, or the question is too long to be embedded.
            openai.OpenAIError: The question's embedding was needed and the API failed.
            CacheUnavailable: Redis failed, and ``on_error="raise"``.

        Example:
            >>> from semcache import cache_of, cached, connect
            >>> lab = connect(quiet=True)
            >>> client = cached(lab.openai, lab.redis, embedding_model=lab.embedding_model)
            >>> asked = {"model": lab.chat_model, "messages": [{"role": "user", "content": "Why?"}]}
            >>> cache_of(client).keep("Therefore.", **asked), cache_of(client).contains(**asked)
            (True, True)
            >>> client.chat.completions.create(**asked).choices[0].message.content
            'Therefore.'
        """
        return run(self._keep(reply, arguments))


class AsyncByArguments(_ByArguments):
    """What an asynchronous cache can do."""

    async def delete(self, **arguments: Any) -> bool:
        """See :meth:`CacheTransport.delete`."""
        return await self._delete(arguments)

    async def contains(self, **arguments: Any) -> bool:
        """See :meth:`CacheTransport.contains`."""
        return await self._contains(arguments)

    async def keep(self, reply: Any, /, **arguments: Any) -> bool:
        """See :meth:`CacheTransport.keep`."""
        return await self._keep(reply, arguments)


def _options(path: str, arguments: Mapping[str, Any]) -> Any:
    """Return what the client makes of arguments, of those of the transport, too."""
    # Not public, as those below, and so asked for only here: nothing else fails if they move.
    from openai._models import FinalRequestOptions

    omitted = openai.Omit | openai.NotGiven | None
    body = {name: value for name, value in arguments.items() if not isinstance(value, omitted)}
    body.pop("timeout", None)
    if isinstance(body.get("response_format"), type):  # as of .parse()
        from openai.lib._parsing import type_to_response_format_param

        body["response_format"] = type_to_response_format_param(body["response_format"])
    if "text_format" in body:
        from openai.lib._parsing._responses import type_to_text_format_param

        form = type_to_text_format_param(body.pop("text_format"))
        body["text"] = {**body.get("text", {}), "format": form}
    headers = body.pop("extra_headers", openai.NOT_GIVEN)
    more = {"params": body.pop("extra_query", {}), "extra_json": body.pop("extra_body", None)}
    return FinalRequestOptions(method="post", url=path, headers=headers, json_data=body, **more)
