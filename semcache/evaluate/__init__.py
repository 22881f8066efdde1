"""How often a threshold would serve a wrong answer, and which keeps a promise. Lesson 08.

Read pairs (``pairs``), score them (``scoring``), look (``tables``, ``curve``, ``figure``), choose
(``threshold``), and plan how many to label (``planning``). ``command`` does it all on a file.
"""

from semcache.evaluate.binomial import interval, upper_bound
from semcache.evaluate.curve import risk_coverage
from semcache.evaluate.pairs import Pair, Pairs, divide, read_pairs
from semcache.evaluate.planning import plan
from semcache.evaluate.scored import Scored
from semcache.evaluate.scoring import similarities
from semcache.evaluate.tables import evaluate, evaluate_by
from semcache.evaluate.threshold import choose_threshold

__all__ = [
    "Pair",
    "Pairs",
    "Scored",
    "choose_threshold",
    "divide",
    "evaluate",
    "evaluate_by",
    "interval",
    "plan",
    "read_pairs",
    "risk_coverage",
    "similarities",
    "upper_bound",
]
