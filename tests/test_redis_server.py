"""The servers that tests and benchmarks start for themselves."""

import pytest
import redis

from semcache.lab.redis_server import SEARCH_MISSING, start_redis_with_search


@pytest.mark.skipif(bool(SEARCH_MISSING), reason=SEARCH_MISSING or "")
def test_a_server_with_the_search_module_finds_a_vector_beside_a_vector_set():
    near, far = b"\0\0\x80\x3f\0\0\0\0", b"\0\0\0\0\0\0\x80\x3f"  # (1, 0) and (0, 1) as float32
    fields = ["v", "VECTOR", "FLAT", 6, "TYPE", "FLOAT32", "DIM", 2, "DISTANCE_METRIC", "COSINE"]
    ask = ["*=>[KNN 1 @v $v AS d]", "PARAMS", 2, "v", near, "NOCONTENT", "DIALECT", 2]
    with start_redis_with_search() as server, redis.Redis.from_url(server.url) as client:
        client.execute_command("FT.CREATE", "index", "SCHEMA", *fields)
        client.hset("near", "v", near)
        client.hset("far", "v", far)
        found = client.execute_command("FT.SEARCH", "index", *ask)
        client.execute_command("VADD", "set", "FP32", far, "far")
        assert "near" in str(found) and "far" not in str(found)
        assert client.execute_command("VSIM", "set", "FP32", near) == [b"far"]
    assert server.version.startswith("8.")
