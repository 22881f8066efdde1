"""The list of all lessons, in the order in which they are read."""

from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class Entry:
    """One line of the map: ``02`` and ``string_cache`` make ``02_string_cache.ipynb``."""

    number: str
    name: str
    title: str
    minutes: int

    @property
    def stem(self) -> str:
        """The notebook's file name without its suffix.

        >>> LESSONS[2].stem
        '02_string_cache'
        """
        return f"{self.number}_{self.name}"

    @property
    def planned(self) -> bool:
        """True as long as nobody has written the lesson's checks."""
        return find_spec(f"semcache.course.checks.{self.name}") is None


LESSONS = (
    Entry("00", "start_here", "Start here", 12),
    Entry("01", "cost_analysis", "Work out what a cache saves", 45),
    Entry("02", "string_cache", "Cache embeddings under correct keys", 45),
    Entry("03", "hash_cache", "Choose between keys and a hash", 45),
    Entry("04", "compressed_cache", "Compress vectors and count what changes", 50),
    Entry("05", "tiered_cache", "Put memory in front of Redis", 55),
    Entry("06", "semantic_cache", "Answer similar questions once", 50),
    Entry("07", "hybrid_cache", "Put an exact tier before the semantic one", 55),
    Entry("08", "choose_a_threshold", "Choose a threshold with a bound", 50),
    Entry("09", "check_the_match", "Check the match", 55),
    Entry("10", "scale_the_lookup", "Scale the lookup", 55),
    Entry("11", "many_callers", "Serve many callers", 60),
    Entry("12", "safe_to_share", "Make the cache safe to share", 55),
    Entry("13", "in_production", "Run it in production", 60),
    Entry("14", "capstone", "Defend a choice on a day of traffic", 65),
)


def entry(number: str) -> Entry | None:
    """Return the line of a lesson by its number, or None."""
    return next((lesson for lesson in LESSONS if lesson.number == number), None)
