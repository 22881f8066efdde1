"""Send a log through every design of a cache, by the caches' rules alone. Lessons 13 and 14.

Read the log (``log``), work out once what can be (``requests``, ``vectors``), name what to try
(``designs``), send it through (``simulate``, over ``neighbours``, ``cache`` and ``memory``), and
count (``figures``, ``report``, ``figure``). ``command`` does it all on a file.
"""

from semcache.replay.designs import Design
from semcache.replay.figures import Figures, Prices, Waits
from semcache.replay.log import Log, read_log
from semcache.replay.replayed import Replayed, replay
from semcache.replay.requests import Requests, requests_of

__all__ = [
    "Design",
    "Figures",
    "Log",
    "Prices",
    "Replayed",
    "Requests",
    "Waits",
    "read_log",
    "replay",
    "requests_of",
]
