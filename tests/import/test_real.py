"""The real registry of January 2023, where it lies beside the repository."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from registry.models import Extension, Version
from support import databases

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
REGISTRY = DATA / "brackets-registry-2023.json.gz"

pytestmark = pytest.mark.skipif(not REGISTRY.exists(), reason=f"{REGISTRY.name} is not in ../shared/data")


@pytest.mark.skipif(bool(databases.SERVER), reason="once is enough, on SQLite")
def test_all_of_it_is_loaded_and_all_that_is_odd_is_reported(cli, database, tmp_path):
    report = tmp_path / "report.jsonl"
    answer = cli(
        "import",
        "brackets",
        REGISTRY,
        "--popularity",
        DATA / "brackets-popularity-2023.json.gz",
        "--report",
        report,
    )

    assert (answer.exit_code, answer.output.splitlines()[0]) == (
        0,
        "1333 entries: 1333 extensions added, 0 changed, 0 not loaded; 4751 versions added, "
        "0 packages on their way to be signed.",
    )
    with database.read() as connection:
        assert tuple(connection.execute(select(
            func.count(), func.count().filter(Extension.listed), func.count().filter(Extension.theme),
            func.count(Extension.owner_label.distinct()), func.sum(Extension.downloads_total),
        )).one()) == (1333, 1333, 523, 887, 23_589_262)  # fmt: skip
        assert tuple(
            connection.execute(select(func.count(), func.sum(Version.downloads)).select_from(Version)).one()
        ) == (
            4751,
            23_589_262,
        )
    counts = {}
    for note in map(json.loads, report.read_text().splitlines()):
        counts[note["field"], note["done"]] = counts.get((note["field"], note["done"]), 0) + 1
    assert counts == {
        ("author", "fixed"): 6,
        ("author", "left out"): 11,
        ("author", "noted"): 6,
        ("categories", "noted"): 128,
        ("dependencies", "noted"): 15,
        ("engines", "left out"): 1,
        ("engines", "noted"): 4,
        ("homepage", "fixed"): 3,
        ("homepage", "left out"): 19,
        ("homepage", "noted"): 54,
        ("i18n", "noted"): 1,
        ("keywords", "noted"): 1,
        ("license", "noted"): 5,
        ("owner", "fixed"): 7,
        ("owner", "noted"): 4,
        ("package-i18n", "noted"): 1,
        ("recent", "left out"): 1242,
        ("screenshot", "left out"): 35,
        ("scripts", "noted"): 47,
        ("theme", "noted"): 2,
        ("totalDownloads", "fixed"): 91,
    }
