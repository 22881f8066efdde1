"""Why an answer that was served was not the right one, from the two labels."""

__all__ = ["CAUSES", "CUSTOMER", "cause"]

QUESTION, CUSTOMER, OLD = CAUSES = ("another question's", "another customer's", "too old")


def cause(wanted: str | None, given: str | None) -> str | None:
    """Return one of :data:`CAUSES`, or ``None`` if the answer was right, or that is not known.

    Args:
        wanted: The label of the request: the topic, and where its answer differs by customer
            ``@`` and whose it is, where it changes ``#`` and a count of the changes.
        given: The label of the request for which the answer was made.

    Example:
        >>> cause("refund", "refund"), cause("plan@c01", "plan@c02"), cause("status#1", "status#0")
        (None, "another customer's", 'too old')
        >>> cause("refund", "invoice@c01")
        "another question's"
    """
    if not wanted or not given or wanted == given:
        return None
    if _topic(wanted) != _topic(given):
        return QUESTION
    return OLD if "#" in wanted else CUSTOMER if "@" in wanted else QUESTION


def _topic(label: str) -> str:
    return label.partition("@")[0].partition("#")[0]
