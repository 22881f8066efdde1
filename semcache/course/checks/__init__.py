r"""What each lesson checks: one module a lesson, named like its notebook without the number.

A module defines::

    OBJECTIVES = {"02.a": "write a cache key that two different requests never share"}
    EXERCISES = (
        Exercise(
            id="02.1",
            objectives=("02.a",),
            name="cache_key",           # the variable that the stub defines
            hint="What happens when the model's name contains a colon?",
            solution="def cache_key(model, text):\n    return json.dumps([model, text])\n",
            wrong=("def cache_key(model, text):\n    return f'{model}:{text}'\n", ...),
            verify=verify_cache_key,    # (value) -> None when right, else one sentence
        ),
    )
    QUESTIONS = ("Which of your own services asks for the same embedding twice?",)
"""
