"""``python -m semcache.course.day``: write the day anew."""

from semcache.course.day.made import write

write()
