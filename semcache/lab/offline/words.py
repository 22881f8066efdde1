"""What the offline models find in a question without understanding it: words, names, numbers."""

import re

__all__ = ["mentions", "names_in", "numbers_in", "occurs", "words_of"]

# They begin the names of tools and say little about a question: "How do I get a refund?"
_COMMON = {"add", "ask", "call", "check", "create", "do", "fetch", "find", "get", "is", "list"}
_COMMON |= {"look", "lookup", "make", "open", "read", "run", "search", "send", "set", "show"}
_COMMON |= {"update", "use", "write", "a", "all", "and", "by", "for", "from", "in", "my", "new"}
_COMMON |= {"of", "on", "the", "to", "up", "with"}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_HEARD = re.compile("[a-z0-9]+")

# Capitalised words in a row, in the alphabets of Europe: a Chinese text may surround them.
_LETTER = "A-Za-z0-9\u00c0-\u024f"
_CAPITAL = f"[A-Z\u00c0-\u00de][{_LETTER}'’-]*"
_NAME = re.compile(f"(?<![{_LETTER}]){_CAPITAL}(?: {_CAPITAL})*")
_BEGINS = re.compile(r"(?:\A|[.!?:\n])[\s\"'“‘(]*\Z")  # where any word has a capital
_POSSESSIVE = re.compile(r"['’]s\Z")

_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.-])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
    r"|(?<=-)\d+(?!\w|\.\d)",
    re.ASCII,
)


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of an identifier, in small letters.

    Example:
        >>> words_of("get_HTTPStatus"), words_of("orderId")
        (('get', 'http', 'status'), ('order', 'id'))
    """
    return tuple(word.casefold() for word in _WORD.findall(name))


def mentions(name: str, question: str) -> bool:
    """Say whether a question contains a word of an identifier; a plural counts.

    Verbs that begin many names ("get", "search") count only if there is nothing else.

    Example:
        >>> mentions("get_weather", "What is the weather in Paris?")
        True
        >>> mentions("get_weather", "How do I get a refund?")
        False
    """
    words = words_of(name)
    telling = [word for word in words if word not in _COMMON] or words
    heard = {word.rstrip("s") for word in _HEARD.findall(question.casefold())}
    return any(word.rstrip("s") in heard for word in telling)


def occurs(value: object, question: str) -> bool:
    """Say whether a value stands in a question as a word of its own, in any case.

    Example:
        >>> occurs("C", "in celsius"), occurs("Celsius", "in celsius")
        (False, True)
    """
    text = re.escape(str(value).casefold())
    return re.search(f"(?<![a-z0-9]){text}(?![a-z0-9])", question.casefold()) is not None


def names_in(question: str) -> list[str]:
    """Return the capitalised names in a question, in order; the first word of a sentence is none.

    Example:
        >>> names_in("Is there a flight from New York to Paris? Ask Ada's sister.")
        ['New York', 'Paris', 'Ada']
    """
    found = []
    for match in _NAME.finditer(question):
        name = match.group()
        if _BEGINS.search(question[: match.start()]):
            name = name.partition(" ")[2]
        name = _POSSESSIVE.sub("", name)
        if name and name != "I" and not name.startswith(("I'", "I’")):
            found.append(name)
    return found


def numbers_in(question: str) -> list[int | float]:
    """Return the numbers in a question, in order.

    Example:
        >>> numbers_in("Add 3 and 4.5 to 1,200 for order A-17, not v2.")
        [3, 4.5, 1200, 17]
    """
    found = [text.replace(",", "") for text in _NUMBER.findall(question)]
    return [float(text) if "." in text else int(text) for text in found]
