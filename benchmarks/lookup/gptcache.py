"""GPTCache with SQLite and Faiss, its defaults: files and this process' memory, no Redis.

With its hnswlib store every lookup misses: the ids that come back are numpy.uint64, which SQLite
does not find.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.lookup.corpus import Query
from benchmarks.lookup.subject import Ask, Store

__all__ = ["gptcache"]


def gptcache(store: Store) -> Callable[[], Ask]:
    """Filled through its own batch call; asked with a text, embedded by a dictionary."""
    # GPTCache runs pip itself for what it misses: only a complete installation may be measured.
    import faiss  # noqa: F401
    import sqlalchemy  # noqa: F401
    from gptcache import Cache
    from gptcache.adapter.api import get
    from gptcache.manager.scalar_data.base import Answer, DataType
    from gptcache.processor.post import first
    from gptcache.processor.pre import get_prompt
    from gptcache.similarity_evaluation import SearchDistanceEvaluation

    corpus = store.corpus
    manager = _manager(store)
    for batch in store.batches():
        answers = [Answer(corpus.answers[i], DataType.STR) for i in batch]
        vectors = [corpus.vectors[i] for i in batch]
        questions = [corpus.questions[i] for i in batch]
        manager.import_data(questions, answers, vectors, [None] * len(batch))
    manager.flush()
    asked = dict(zip(corpus.asked, corpus.asked_vectors, strict=True))

    def open_() -> Ask:
        manager = _manager(store)
        manager.v.close = lambda: None  # else it saves itself at exit, when its folder is gone
        cache = Cache()
        cache.init(
            pre_embedding_func=get_prompt,
            embedding_func=lambda text, **_: asked[text],
            data_manager=manager,
            similarity_evaluation=SearchDistanceEvaluation(),
            post_process_messages_func=first,
        )

        def ask(query: Query) -> str | None:
            return get(query.text, cache_obj=cache)

        return ask

    return open_


def _manager(store: Store) -> Any:
    from gptcache.manager import CacheBase, VectorBase, get_data_manager

    entries, dims = store.corpus.vectors.shape
    return get_data_manager(
        CacheBase("sqlite", sql_url=f"sqlite:///{store.folder / 'gptcache.db'}"),
        VectorBase("faiss", dimension=dims, index_path=str(store.folder / "gptcache.faiss")),
        max_size=2 * entries,
    )
