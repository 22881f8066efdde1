"""Checks of lesson 00: how a check works."""

from semcache.course.exercises import Exercise

OBJECTIVES = {
    "00.a": "run a lesson, and say what in it is real and what stands in",
    "00.b": "answer a check, and ask for a hint or the solution",
}


def _verify_dims(dims: object) -> str | None:
    if not isinstance(dims, int) or isinstance(dims, bool):
        return f"the answer is a whole number, not {type(dims).__name__}."
    return None if dims == 384 else "look at the line that the first embedding printed."


EXERCISES = (
    Exercise(
        id="00.1",
        objectives=("00.a", "00.b"),
        name="dims",
        hint="It was printed when the first text was embedded; vector.size also knows.",
        solution="dims = 384",
        wrong=("dims = 1536", "dims = 385", "dims = '384'"),
        verify=_verify_dims,
    ),
)
