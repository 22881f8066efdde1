"""One semantic lookup that hits: the subjects, what they hold, and how they are measured."""
