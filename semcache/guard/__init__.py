"""May two questions share an answer? A check of each match that needs no second model call.

One module a signal, in the order in which a reader may take them: :mod:`.reading` reads a text
once, without what :mod:`.courtesy` takes out; :mod:`.numbers`, :mod:`.dates`, :mod:`.polarity`,
:mod:`.contrast`, :mod:`.direction`, :mod:`.roles`, :mod:`.entities`, :mod:`.content` and
:mod:`.context` compare two readings; :mod:`.features` puts the signals in one row; :mod:`.model`
weighs them.
"""

from semcache.guard.features import Features, features
from semcache.guard.model import Contribution, Guard

__all__ = ["Contribution", "Features", "Guard", "features"]
