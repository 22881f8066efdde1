"""A text cut into tokens: the longest listed term at each place, English and Chinese."""

import re
from typing import NamedTuple

from semcache.guard.english import stem
from semcache.guard.lexicon import Entry, lexicon
from semcache.guard.numbers import Quantity

__all__ = ["PRIVATE", "Token", "tokenise"]

PRIVATE = 0xE000  # from here on, private-use characters hold the places of numbers and codes
_TOKEN = re.compile(
    r"[a-z]+(?:[+#]+(?![a-z]))?|[\u3400-\u9fff]+|[\ue000-\uefff]|[,.;:!?，。；：！？、→>\n]+|&"
)
_HAN = re.compile("[\u3400-\u9fff]")


class Token(NamedTuple):
    """One word or phrase.

    ``role`` is function, concept, name, word (in no list), han (a Chinese run in no list), code,
    number or stop (a punctuation mark). ``key`` is what it shares with its synonyms.
    """

    role: str
    key: str
    text: str
    kind: str = ""


def tokenise(rest: str, found: list[Quantity | Entry | str], capitals: set[str]) -> list[Token]:
    """Return the tokens of a text.

    Args:
        rest: Case-folded, dates cut out, numbers and codes replaced by private characters.
        found: What the private characters stand for.
        capitals: The words that were capitalised as names are.
    """
    tokens: list[Token] = []
    words: list[str] = []
    for piece in _TOKEN.findall(rest):
        if "a" <= piece[0] <= "z":
            words.append(piece)
            continue
        if piece[0] != "&":
            _english(words, capitals, tokens)
            words = []
        if _HAN.match(piece):
            _chinese(piece, tokens)
        elif PRIVATE <= ord(piece) < PRIVATE + len(found) if len(piece) == 1 else False:
            item = found[ord(piece) - PRIVATE]
            if isinstance(item, str):
                tokens.append(Token("code", item, item, "code"))
            elif isinstance(item, Entry):
                tokens.append(Token(item.role, item.key, item.key, item.kind))
            else:
                tokens.append(Token("number", f"{item.kind} {item.value}", piece))
        else:
            tokens.append(Token("stop", piece[0], piece))
    _english(words, capitals, tokens)
    return tokens


def _english(words: list[str], capitals: set[str], tokens: list[Token]) -> None:
    """Append the tokens of a run of words: the longest listed phrase at each place."""
    lists = lexicon()
    stems = [stem(word) for word in words]
    at = 0
    while at < len(words):
        longest = min(lists.longest_english.get(stems[at], 1), len(words) - at)
        for size in range(longest, 0, -1):
            entry = lists.english.get(tuple(stems[at : at + size]))
            if entry and (size > 1 or _stands(entry, words[at], stems[at], capitals)):
                text = " ".join(words[at : at + size])
                key = text if entry.role == "function" else entry.key
                tokens.append(Token(entry.role, key, text, entry.kind))
                at += size
                break
        else:
            tokens.append(_unlisted(words[at], stems[at], capitals))
            at += 1


def _stands(entry: Entry, word: str, root: str, capitals: set[str]) -> bool:
    if entry.role == "name":
        return word in capitals or root not in lexicon().cased
    if entry.role == "function":
        return len(word) > 1 or word not in capitals  # "plan A" is no article
    return True


def _unlisted(word: str, root: str, capitals: set[str]) -> Token:
    lists = lexicon()
    if len(word) == 1:
        return Token("code" if word in capitals else "function", word, word, "letter")
    if root in lists.cased and word not in capitals:
        return Token("function" if root in lists.functions else "word", root, word)
    if word in capitals:
        return Token("name", root, word, "capital")
    return Token("word", root, word)


def _chinese(run: str, tokens: list[Token]) -> None:
    """Append the tokens of a run of Chinese characters: the longest listed term at each place."""
    lists = lexicon()
    at = start = 0
    while at < len(run):
        for size in range(min(lists.longest_chinese, len(run) - at), 0, -1):
            entry = lists.chinese.get(run[at : at + size])
            if (
                entry
                and 1 < size < len(run) - at
                and run[at + size - 1 : at + size + 1] in lists.chinese
            ):
                shorter = lists.chinese.get(run[at : at + size - 1])
                if shorter:  # 加密码 is 加 密码, not 加密 码
                    entry, size = shorter, size - 1
            if entry:
                if start < at:
                    tokens.append(Token("han", run[start:at], run[start:at]))
                tokens.append(Token(entry.role, entry.key, run[at : at + size], entry.kind))
                at += size
                start = at
                break
        else:
            at += 1
    if start < at:
        tokens.append(Token("han", run[start:at], run[start:at]))
