"""Two classes of the tutorial that this course grew out of, re-typed line by line.

Two differences: the API client is an argument, and the prints are left out, which makes them
faster than the originals.
"""

import hashlib
import json
import time
from typing import Any

import numpy as np
import openai
import redis

__all__ = ["EmbeddingCache", "SemanticLLMCache"]


class EmbeddingCache:
    def __init__(self, redis_client: redis.Redis, openai_client: openai.OpenAI) -> None:
        self.redis: Any = redis_client
        self.openai_client = openai_client

    def _generate_cache_key(self, text: str, model: str) -> str:
        content = f"{model}:{text}"
        return f"emb:{hashlib.md5(content.encode()).hexdigest()}"

    def get_embedding(self, text: str, model: str = "text-embedding-3-small") -> list[float]:
        cache_key = self._generate_cache_key(text, model)
        cached = self.redis.get(cache_key)
        if cached:
            return json.loads(cached)
        response = self.openai_client.embeddings.create(model=model, input=text)
        embedding = response.data[0].embedding
        self.redis.setex(cache_key, 86400, json.dumps(embedding))
        return embedding

    def get_embeddings_batch(
        self, texts: list[str], model: str = "text-embedding-3-small"
    ) -> list[list[float]]:
        results: list[Any] = []
        uncached_texts = []
        uncached_indices = []
        for i, text in enumerate(texts):
            cache_key = self._generate_cache_key(text, model)
            cached = self.redis.get(cache_key)
            if cached:
                results.append(json.loads(cached))
            else:
                results.append(None)
                uncached_texts.append(text)
                uncached_indices.append(i)
        if uncached_texts:
            response = self.openai_client.embeddings.create(model=model, input=uncached_texts)
            for i, embedding_data in enumerate(response.data):
                embedding = embedding_data.embedding
                original_index = uncached_indices[i]
                text = uncached_texts[i]
                cache_key = self._generate_cache_key(text, model)
                self.redis.setex(cache_key, 86400, json.dumps(embedding))
                results[original_index] = embedding
        return results


class SemanticLLMCache:
    def __init__(self, redis_client: redis.Redis, openai_client: openai.OpenAI | None) -> None:
        self.redis: Any = redis_client
        self.openai: Any = openai_client
        self.cache_hash_key = "semantic_llm_cache"
        self.stats = {"hits": 0, "misses": 0, "api_calls": 0}

    def _get_embedding(self, text: str) -> list[float]:
        cache_key = f"emb:{hashlib.md5(text.encode()).hexdigest()}"
        cached = self.redis.get(cache_key)
        if cached:
            return json.loads(cached)
        response = self.openai.embeddings.create(model="text-embedding-3-small", input=text)
        embedding = response.data[0].embedding
        self.redis.setex(cache_key, 86400, json.dumps(embedding))
        return embedding

    def _cosine_similarity(self, a: list[float], b: list[float]) -> float:
        return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))

    def add_cache(self, query: str, response: str, ttl: int = 3600) -> None:
        query_embedding = self._get_embedding(query)
        cache_data = {
            "query": query,
            "response": response,
            "embedding": query_embedding,
            "timestamp": time.time(),
        }
        cache_id = hashlib.md5(query.encode()).hexdigest()
        self.redis.hset(self.cache_hash_key, cache_id, json.dumps(cache_data))
        self.redis.expire(self.cache_hash_key, ttl)

    def lookup(self, query: str, threshold: float = 0.9) -> dict[str, Any] | None:
        query_embedding = self._get_embedding(query)
        cached_items = self.redis.hgetall(self.cache_hash_key)
        if not cached_items:
            return None
        best_match = None
        best_score = 0.0
        for _cache_id, cache_data_json in cached_items.items():
            cache_data = json.loads(cache_data_json)
            cached_embedding = cache_data["embedding"]
            similarity = self._cosine_similarity(query_embedding, cached_embedding)
            if similarity > best_score:
                best_score = similarity
                best_match = {
                    "response": cache_data["response"],
                    "similarity": similarity,
                    "original_query": cache_data["query"],
                }
        if best_score >= threshold:
            self.stats["hits"] += 1
            return best_match
        self.stats["misses"] += 1
        return None
