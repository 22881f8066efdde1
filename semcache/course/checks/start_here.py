"""Checks of lesson 00: how a check works."""

from numbers import Real

from semcache.course.exercises import Exercise

OBJECTIVES = {
    "00.a": "run a lesson, and say what in it is real and what stands in",
    "00.b": "answer a check, and know how to ask for a hint or the solution",
}


def _verify_dims(dims: object) -> str | None:
    if not isinstance(dims, Real) or isinstance(dims, bool):
        return f"the answer is a whole number, not {type(dims).__name__}."
    return None if dims == 384 else "look at the line that the first embedding printed."


def _verify_stand_ins(stand_ins: object) -> str | None:
    if not isinstance(stand_ins, set | frozenset | list | tuple):
        return 'write a set of names, such as {"client"}.'
    named = {str(name).strip().casefold() for name in stand_ins}
    if unknown := named - {"client", "api server", "embeddings", "redis"}:
        return f"{min(unknown)!r} is none of the four names that are asked about."
    return None if named == {"api server", "redis"} else "read the table's second column again."


EXERCISES = (
    Exercise(
        id="00.1",
        objectives=("00.b",),
        name="dims",
        hint="It was printed when the first text was embedded; vector.size also knows.",
        solution="dims = 384",
        wrong=("dims = 1536", "dims = 385", "dims = '384'"),
        verify=_verify_dims,
    ),
    Exercise(
        id="00.2",
        objectives=("00.a",),
        name="stand_ins",
        hint="A stand-in does the work of something else; the table says where there is one.",
        solution='stand_ins = {"API server", "Redis"}',
        wrong=(
            'stand_ins = {"API server"}',
            'stand_ins = {"client", "API server", "Redis"}',
            'stand_ins = {"Redis", "embeddings"}',
            'stand_ins = {"API server", "Redis", "answers"}',
            'stand_ins = "Redis"',
        ),
        verify=_verify_stand_ins,
    ),
)
