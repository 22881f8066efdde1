"""Fill a cache ahead from a log, and move a scope to another scope or server.

``format`` is the file, ``leaving`` reads a scope, ``arriving`` writes one, ``warming`` keeps the
answers of a log. ``command`` does each on the command line.
"""

from semcache.transfer.arriving import Arrived, import_scope
from semcache.transfer.leaving import Left, export_scope
from semcache.transfer.warming import Warmed, warm

__all__ = ["Arrived", "Left", "Warmed", "export_scope", "import_scope", "warm"]
