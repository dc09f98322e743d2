"""`registry-runner` from publishing to results: real suites, and every way in which a run can go wrong."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry.signing import create_development_chain
from support.serving import PATIENCE, gone, until
from support.site import Answer
from support.site import site as web_site

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
    pytest.mark.xdist_group("runner"),
]
SUBUNIT = (sys.executable, "-m", "subunit.run", "discover", "-s", "test")
ENV = {"host_app": "brackets", "host_version": "1.14", "os": "linux"}


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_a_python_suite(site, execute, tmp_path):
    run = site.make(env=ENV)
    done = execute(run, *SUBUNIT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "passed: 2 passed, 1 skipped" in done.stdout
    shown = site.get(run["url"])
    assert (shown["state"], shown["outcome"], shown["counts"]["passed"]) == ("finished", "passed", 2)
    assert site.results(run) == {
        "test_words.Words.test_none": "passed",
        "test_words.Words.test_two": "passed",
        "test_words.Words.test_screen": "skipped",
    }
    kinds = [(event["kind"], event["exit_code"]) for event in site.get(f"{run['url']}events/")["results"]]
    assert ("status", 0) in kinds
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not there")
def test_a_node_suite(site, execute):
    run = site.make(env=ENV)
    done = execute(
        run,
        *("node", "--test", "--test-reporter=junit", "--test-reporter-destination=found.xml", "test/"),
        options=("--results", "found.xml"),
    )
    assert done.returncode == 1
    shown = site.get(run["url"])
    assert (shown["state"], shown["outcome"]) == ("finished", "failed")
    assert sorted(site.results(run).values()) == ["failed", "passed"]


def test_two_files_of_results_are_one_run(site, execute):
    run = site.make()
    code = "for n in '12': open(f'{n}.tap', 'w').write(f'TAP version 13\\n1..1\\nok 1 - number {n}\\n')"
    done = execute(run, *python(code), options=("--results", "1.tap", "--results", "2.tap"))
    assert done.returncode == 0, done.stdout
    assert site.results(run) == {"number 1": "passed", "number 2": "passed"}


def test_a_file_of_results_that_was_not_written_is_no_pass(site, execute):
    run = site.make()
    code = "open('1.tap', 'w').write('TAP version 13\\n1..1\\nok 1 - number 1\\n')"
    done = execute(run, *python(code), options=("--results", "1.tap", "--results", "2.tap"))
    assert done.returncode == 3, done.stdout
    shown = site.get(run["url"])
    assert (shown["state"], shown["outcome"]) == ("error", "incomplete")
    assert "without results in 2.tap" in shown["reason"]
    assert site.results(run) == {"number 1": "passed"}


def test_the_command_knows_its_run_but_no_token(site, execute):
    run = site.make(extra={"shard": "3"})
    code = (
        "import json, os; told = json.load(open(os.environ['REGISTRY_MINICONF']));"
        "assert os.getcwd() == os.environ['REGISTRY_PACKAGE'];"
        "words = [told['extra']['shard'], told['target']['version'], os.environ['GIVEN'], *sorted(os.environ)];"
        "print('TAP version 13\\n1..1\\nok 1 - ' + ' '.join(words))"
    )
    os.environ["GIVEN"] = "yes"
    try:
        done = execute(run, *python(code), options=("--env", "GIVEN"))
    finally:
        del os.environ["GIVEN"]
    assert done.returncode == 0, done.stdout
    (name,) = site.results(run)
    assert name.startswith("3 1.0.0 yes ")
    assert "REGISTRY_PACKAGE" in name
    assert "TOKEN" not in name


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_the_token_cannot_be_read_from_the_runner(site, execute):
    run = site.make()
    done = execute(run, *python("import os; open(f'/proc/{os.getppid()}/environ').read()"))
    assert done.returncode == 3
    assert "PermissionError" in done.stdout


@pytest.mark.parametrize(
    ("code", "options", "reason"),
    [
        ("import time; time.sleep(600)", ("--time-limit", 1), "did not come to an end within 1 seconds"),
        ("while True: print('x' * 100000)", ("--output-limit", 1), "wrote more than 1 MiB"),
        ("raise SystemExit(7)", (), "ended with the status 7, without results in its standard output"),
        ("print('hello')", (), "The registry said no"),
        ("import os; os.symlink('/etc/passwd', 'found')", ("--results", "found"), "without results"),
    ],
)
def test_a_command_that_gives_no_results(site, execute, code, options, reason):
    run = site.make()
    done = execute(run, *python(code), options=options)
    assert done.returncode in (3, 5)
    assert reason in done.stdout
    shown = site.get(run["url"])
    assert shown["state"] == "error"
    assert reason in shown["reason"]


def test_a_program_that_is_not_there(site, execute):
    run = site.make()
    assert execute(run, "/no/such/program").returncode == 3
    assert "/no/such/program cannot be started" in site.get(run["url"])["reason"]


def test_what_was_found_before_time_was_up_counts(site, execute):
    run = site.make()
    code = "print('TAP version 13\\n1..2\\nok 1 - early', flush=True); import time; time.sleep(600)"
    assert execute(run, *python(code), options=("--time-limit", 1)).returncode == 3
    shown = site.get(run["url"])
    assert (shown["state"], shown["outcome"]) == ("error", "incomplete")
    assert site.results(run)["early"] == "passed"


def test_nothing_that_the_command_started_is_left(site, execute, tmp_path):
    run = site.make()
    note = tmp_path / "pid"
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        f"    open({str(note)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        f"while not (os.path.exists({str(note)!r}) and open({str(note)!r}).read()): time.sleep(0.01)\n"
        "print('TAP version 13\\n1..1\\nok 1 - a')\n"
    )
    assert execute(run, *python(code)).returncode == 0
    assert gone(int(note.read_text()))


def test_another_root_is_not_trusted(site, execute, tmp_path):
    run = site.make()
    other = create_development_chain(tmp_path / "other").root
    done = execute(run, *python("print('never')"), root=other)
    assert done.returncode == 4
    assert "signature of the package does not hold" in site.get(run["url"])["reason"]


def test_another_extension_is_refused(site, execute):
    run = site.make()
    done = execute(run, *python("print('never')"), options=("--id", "another@example.org"))
    assert done.returncode == 4
    assert site.get(run["url"])["state"] == "error"


def test_a_signal_ends_the_run(site, arguments, tmp_path):
    run = site.make()
    code = "import os, time; open('/proc/self/comm', 'w').write('sleeper'); time.sleep(600)"
    with subprocess.Popen(**arguments(run, *python(code)), stdout=subprocess.PIPE, text=True) as process:
        until(lambda: "running" in events(site, run), "the tests are running")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    shown = site.get(run["url"])
    assert (shown["state"], shown["reason"]) == ("error", "The runner was stopped by SIGTERM.")
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_run_stops(site, arguments, tmp_path):
    run = site.make()
    with subprocess.Popen(
        **arguments(run, *python("import time; time.sleep(600)")), stdout=subprocess.PIPE, text=True
    ) as process:
        until(lambda: "running" in events(site, run), "the tests are running")
        site.cancel(run)
        assert process.wait(PATIENCE) == 6
    assert site.get(run["url"])["state"] == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_has_ended_is_not_run_again(site, execute):
    run = site.make()
    assert execute(run, *SUBUNIT).returncode == 0
    assert execute(run, *SUBUNIT).returncode == 6


def test_a_wrong_token_is_refused(site, execute):
    other = site.make()["token"]
    done = execute(site.make(), *SUBUNIT, token=other)
    assert (done.returncode, "not that test run's" in done.stdout) == (5, True)


def test_a_configuration_of_another_schema_is_refused_and_errors_are_asked_again(execute):
    asked = []

    def answer(path: str, headers: dict[str, str]) -> Answer:
        asked.append(path)
        if len(asked) == 1:
            return Answer(b"{}", 503, {"Retry-After": "0"})
        return Answer(b'{"meta": {"schema": "2"}}', 200, {"Content-Type": "application/json"})

    with web_site(answer) as url:
        done = execute({"id": 5, "token": "regrun_x"}, "true", url=url)
    assert (done.returncode, "schema '2'" in done.stdout) == (5, True)
    assert asked == ["/v1/get-miniconf?test_id=5"] * 2


def test_the_package_comes_from_the_registry_or_not_at_all(execute):
    told = (
        b'{"meta": {"schema": "1"}, "target": {"name": "a", "version": "1", "package_sha256": "00",'
        b' "package_size": "10", "package_url": "http://127.0.0.1:1/a.zip"}}'
    )
    with web_site(lambda path, headers: Answer(told)) as url:
        done = execute({"id": 5, "token": "regrun_x"}, "true", url=url)
    assert (done.returncode, "another server" in done.stdout) == (5, True)


def test_a_token_is_not_sent_in_the_clear(execute):
    done = execute({"id": 5, "token": "regrun_x"}, "true", url="http://registry.example")
    assert (done.returncode, "https only" in done.stderr) == (2, True)


def events(site, run) -> str:
    return " ".join(event["status"] for event in site.get(f"{run['url']}events/")["results"])
