"""The Python of docs/api.md tells messages of the registry from others."""

import re
import time
from pathlib import Path

from registry.webhooks import headers, new_secret

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_example_verifies():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    example = {}
    exec(code, example)
    verify = example["verify"]
    secret, former, body, now = new_secret(), new_secret(), b'{"type": "version.signed"}', int(time.time())
    sent = headers([secret, former], "evt_7", now, body)
    assert verify(secret, sent, body)
    assert verify(former, sent, body)
    assert not verify(new_secret(), sent, body)
    assert not verify(secret, sent, body + b" ")
    assert not verify(secret, sent | {"webhook-id": "evt_8"}, body)
    assert not verify(secret, headers([secret], "evt_7", now - 301, body), body)
