"""How often a threshold would serve a wrong answer, and which keeps a promise. Lesson 08.

Read pairs (``pairs``), score them (``scoring``), look (``tables``, ``curve``, ``figure``), choose
(``threshold``), and plan how many to label (``planning``). ``command`` does it all on a file.

Before that: read a log (``logs``), pair each question with the nearest earlier one (``pairing``),
draw those worth labelling (``drawing``), label them (``labelling``). Pairs that were drawn have
weights, and the promise is then about the log (``rate``). After that: what a running cache serves
is sampled (``sample``) and watched (``drift``), lesson 13.
"""

from semcache.evaluate.binomial import interval, upper_bound
from semcache.evaluate.curve import risk_coverage
from semcache.evaluate.drift import Drift
from semcache.evaluate.pairs import Pair, Pairs, divide, read_pairs
from semcache.evaluate.planning import plan
from semcache.evaluate.sample import Noted, Sample
from semcache.evaluate.scored import Scored
from semcache.evaluate.scoring import similarities
from semcache.evaluate.tables import evaluate, evaluate_by
from semcache.evaluate.threshold import choose_threshold

__all__ = [
    "Drift",
    "Noted",
    "Pair",
    "Pairs",
    "Sample",
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
