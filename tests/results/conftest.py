"""`read` takes the bytes of a file of results and gives its summary and the results by id."""

import io

import pytest

from registry.results import DEFAULT_LIMITS, read_results


@pytest.fixture
def read():
    def read(data, limits=DEFAULT_LIMITS):
        with read_results(io.BytesIO(data), limits) as results:
            return results.summary, {result.id: result for result in results}

    return read
