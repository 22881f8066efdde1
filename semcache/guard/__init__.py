"""May two questions share an answer? What similarity cannot see, said by reading the two texts.

One module a signal: :mod:`.numbers`, :mod:`.dates`, :mod:`.opposites` with :mod:`.negation`,
:mod:`.order` and :mod:`.names` compare two readings, which :mod:`.reading` makes once of each text;
:mod:`.likeness` says how far the sentences are alike otherwise, :mod:`.comparison` asks them all.
:mod:`.guard` lowers the similarity by what they say; :mod:`.verifier` weighs it on your own pairs.
"""

from semcache.guard.comparison import Comparison, Difference, compare
from semcache.guard.guard import Guard, Reason
from semcache.guard.rows import Row
from semcache.guard.verifier import Contribution, Verifier

__all__ = [
    "Comparison",
    "Contribution",
    "Difference",
    "Guard",
    "Reason",
    "Row",
    "Verifier",
    "compare",
]
