"""A scope made of parts: who shares answers, so that two tenants never do by accident.

``f"{tenant}:{audience}"`` is one string for the tenant ``"a:b"`` with the audience ``"c"`` and for
the tenant ``"a"`` with the audience ``"b:c"``: each would be given the other's answers.
:func:`scope_of` gives every combination of parts a string of its own.

What it misses: two spellings of one tenant. ``"Acme"`` and ``"acme"``, or an é typed as one
character and as two, are different parts, so they have different scopes; nothing leaks, but
nothing is shared either. Spell a tenant one way before you come here.
"""

from urllib.parse import quote

from semcache.errors import ConfigError

__all__ = ["scope_of"]

_AS_IT_IS = "-._~"


def scope_of(*parts: str, **named: str) -> str:
    """Return a scope that no other combination of parts has.

    Letters and digits of every script stay as they are; all else but ``-._~`` is percent-encoded,
    so neither the ``/`` between parts nor the ``=`` after a name, nor a brace of a Redis Cluster's
    hash tag, nor a wildcard can come from a part. Named parts come last, sorted: their order in the
    call does not count, that of the others does.

    Args:
        *parts: Whose answers these are, from the whole to the part: tenant, audience.
        **named: What else tells the answers apart: ``language="en"``.

    Returns:
        A text for the ``scope`` of a cache.

    Raises:
        ConfigError: There is no part, or one is empty, no text, or has half a character. A part
            that is missing would merge the entries of all who lack it.

    Example:
        >>> scope_of("acme", "support", language="en")
        'acme/support/language=en'
        >>> scope_of("a:b", "c"), scope_of("a", "b:c"), scope_of("a/b", "{c}")
        ('a%3Ab/c', 'a/b%3Ac', 'a%2Fb/%7Bc%7D')
        >>> scope_of("acme", language="")
        Traceback (most recent call last):
        ...
        semcache.errors.ConfigError: language is '': a part of a scope is a text, and not empty
    """
    if not parts and not named:
        raise ConfigError("scope_of() got no part: give at least one, such as the tenant")
    pieces = [_encoded(f"part {at}", part) for at, part in enumerate(parts, 1)]
    pieces += [
        f"{_encoded('a name', name)}={_encoded(name, part)}" for name, part in sorted(named.items())
    ]
    return "/".join(pieces)


def _encoded(what: str, part: str) -> str:
    if not isinstance(part, str) or not part:
        raise ConfigError(f"{what} is {part!r}: a part of a scope is a text, and not empty")
    try:
        return "".join(_character(character) for character in part)
    except UnicodeEncodeError:
        raise ConfigError(f"{what} is {part!r}: it has half a character in it") from None


def _character(character: str) -> str:
    kept = character.isalnum() or character in _AS_IT_IS
    return character if kept else quote(character, safe="")
