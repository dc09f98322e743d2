"""One small file in each format, with everything in it that the format knows."""

import json

from support.subunit import packet

V1 = """time: 2026-11-24 10:00:00.000000Z
tags: worker-1
test: a.passes
time: 2026-11-24 10:00:01.250000Z
successful: a.passes [ multipart
Content-Type: text/plain;charset=utf8
log
5\r
hello0\r
Content-Type: image/png
shot
4\r
\x01PNG0\r
]
test: a.fails[x [1]]
failure: a.fails[x [1]] [
Traceback:
 ]
ValueError: ½
]
printed by a test
test: a.skipped
tags: slow -worker-1
skip: a.skipped [
why
]
test: a.error
error: a.error
test: a.expected
xfail: a.expected
test: a.unexpected
uxsuccess: a.unexpected
progress: +3
"""

JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites time="1.5"><testsuite name="all" tests="99" timestamp="2026-11-24T10:00:00">
<properties><property name="os" value="linux"/></properties>
<testcase classname="a.B" name="passes" time="0.25"><system-out>hello</system-out></testcase>
<testcase classname="a.B" name="fails" time="1,000.5"><failure message="not ½" type="AssertionError">Traceback
 &lt;here&gt; <![CDATA[<there>]]></failure></testcase>
<testcase classname="a.B" name="error"><error message="boom"/></testcase>
<testcase classname="a.B" name="skipped"><skipped message="why"/></testcase>
<testcase classname="a.B" name="xfail"><skipped type="pytest.xfail" message=""/></testcase>
<testcase classname="a.B" name="xpass"><failure message="[XPASS(strict)] why"/></testcase>
<testsuite name="inner"><testcase name="leaf" classname="test"/></testsuite>
</testsuite></testsuites>
"""

TAP = r"""TAP version 14
1..7
ok 1 - passes # time=12.5ms
not ok 2 - fails
  ---
  duration_ms: 3.5
  error: |-
    not ½
  at: line 3
  ...
# and it said this
ok 3 - skipped # SKIP why
not ok 4 - expected # TODO later
ok 5 - unexpected # TODO
# Subtest: suite
    ok 1 - inner \# 1
    not ok 2
    1..2
not ok 6 - suite
ok
"""

CTRF = json.dumps(
    {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": {"name": "a-runner", "extra": {"nested": [1, {"deep": [None, True]}]}},
            "summary": {"tests": 99},
            "tests": [
                {
                    "name": "passes",
                    "status": "passed",
                    "duration": 250,
                    "start": 1764000000000,
                    "tags": ["fast"],
                },
                {
                    "name": "fails",
                    "suite": ["a", "b"],
                    "status": "failed",
                    "message": "not ½",
                    "trace": "at\nline 3",
                },
                {"name": "a > fails too", "suite": "a", "status": "failed", "rawStatus": "broken"},
                {"name": "pending", "status": "pending", "duration": 0.5},
                {"name": "expected", "status": "other", "rawStatus": "xfailed"},
                {"name": "neither", "status": "other"},
            ],
            "environment": {"os": "linux"},
        },
    },
    ensure_ascii=False,
).encode()

REFSTACK = json.dumps(
    {
        "cpid": "0123456789abcdef",
        "duration_seconds": 90,
        "results": ["tempest.a", {"name": "tempest.b", "uuid": "3e1d2ae9-2a0b-4b2f-8c5e-4b8a1f0f3a61"}],
    }
).encode()

OWN = json.dumps(
    {
        "tool": "own-runner",
        "results": [
            {
                "id": "a",
                "status": "passed",
                "duration": 1.5,
                "started": "2026-11-24T10:00:00Z",
                "tags": ["x", "y"],
            },
            {
                "id": "b",
                "status": "failed",
                "message": "not ½",
                "detail": "Traceback\nValueError",
                "extra": [1, {}],
            },
            {"id": "c", "status": "not_run"},
            {"id": "a", "status": "error"},
        ],
    },
    ensure_ascii=False,
).encode()

START = 1_764_000_000.0
V2 = (
    packet("a.passes", "exists", time=START - 1)
    + packet("a.passes", "inprogress", time=START, tags=("worker-0",), route="0")
    + packet("a.fails", "inprogress", time=START + 0.5, route="1")
    + packet("a.passes", "success", time=START + 1.25, tags=("worker-0",), route="0")
    + packet("a.fails", name="traceback", media_type="text/plain;charset=utf8", data="ValueError: ½".encode())
    + b"printed by a test\n"
    + packet("a.fails", name="shot", media_type="image/png", data=b"\x89PNG")
    + packet("a.fails", "fail", time=START + 2, route="1")
    + packet(name="stdout", media_type="text/plain", data=b"of no test")
    + packet("a.never", "exists")
)

FILES = {
    "subunit-v2": V2,
    "subunit-v1": V1.encode(),
    "junit": JUNIT.encode(),
    "tap": TAP.encode(),
    "ctrf": CTRF,
    "refstack": REFSTACK,
    "json": OWN,
}
