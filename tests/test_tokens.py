"""count_tokens: the cl100k vocabulary, from a wheel, for any text."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from semcache import count_tokens


def test_counts_are_the_published_ones_of_cl100k():
    published = {
        "": 0,
        "hello world": 2,
        "What is Python?": 4,
        "Python是什么？": 6,
        "tiktoken is great!": 6,  # OpenAI's own example for cl100k_base
        "antidisestablishmentarianism": 6,
        "2 + 2 = 4": 7,
        "お誕生日おめでとう": 9,
    }
    assert {text: count_tokens(text) for text in published} == published


def test_special_tokens_are_plain_text():
    assert count_tokens("<|endoftext|>") > 1


@given(text=st.text(min_size=1, max_size=40))
def test_a_token_is_at_least_one_byte(text):
    """What check_texts relies on, to count the tokens of long texts only."""
    assert 1 <= count_tokens(text) <= len(text.encode())


def test_the_vocabulary_is_not_downloaded():
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise OSError('the network was used')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from semcache import count_tokens\n"
        "print(count_tokens('What is Python?'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "4\n", done.stderr
