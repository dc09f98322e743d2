"""Badges: the matrix in a few words, for the pages of others."""

from xml.etree import ElementTree

from support.wire import assert_failure

SVG = "{http://www.w3.org/2000/svg}"
DAY = 24 * 3600


def said(stocked, version, question=""):
    answer = stocked.get(f"{version}test-badge.json{question}").json
    assert (answer.pop("schemaVersion"), answer.pop("label")) == (1, "tests")
    return answer.pop("message"), answer.pop("color")


def test_what_a_badge_says(tested, on, stocked, version, clock):
    assert said(stocked, version) == ("untested", "grey")
    tested(on("1.12"), {"t": "incomplete"})
    assert said(stocked, version) == ("incomplete", "grey")
    tested(on())
    assert said(stocked, version) == ("passed on 1 of 2", "green")
    tested(on(), {"t": "failed"})
    assert said(stocked, version) == ("mixed on 1 of 2", "orange")
    tested(on("1.13"), {"t": "failed"})
    assert said(stocked, version) == ("failed on 1 of 3", "red")
    assert said(stocked, version, "?host_version=1.14.2") == ("mixed on 1 of 1", "orange")
    assert said(stocked, version, "?source=community") == ("untested", "grey")
    clock.shift(91 * DAY)
    assert said(stocked, version) == ("stale", "grey")


def test_the_picture(tested, on, stocked, version):
    tested(on())
    answer = stocked.get(f"{version}test-badge.svg")
    assert answer.content_type == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    picture = ElementTree.fromstring(answer.body)
    assert [text.text for text in picture.iter(f"{SVG}text")] == ["tests", "passed on 1 of 1"]
    again = stocked.get(f"{version}test-badge.svg", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_int, again.body) == (304, b"")
    tested(on(), {"t": "failed"})
    again = stocked.get(f"{version}test-badge.svg", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_int == 200


def test_a_label_is_only_text(stocked, version):
    for label in ("<script>alert(1)</script>", '"><image href="//x"/>', "]]>&amp;", "試験", "{{ label }}"):
        answer = stocked.get(f"{version}test-badge.svg", {"label": label})
        picture = ElementTree.fromstring(answer.body)
        assert next(picture.iter(f"{SVG}text")).text == label
        assert {element.tag.removeprefix(SVG) for element in picture.iter()} <= {
            "svg",
            "title",
            "rect",
            "path",
            "g",
            "text",
        }
    for label in ("x" * 41, "a\nb", "\x00"):
        answer = stocked.get(f"{version}test-badge.svg", {"label": label}, expect_errors=True)
        assert "label" in assert_failure(answer, 400)
