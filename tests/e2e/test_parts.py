# SPDX-License-Identifier: Apache-2.0
"""The parts that the other end-to-end tests stand on are real, and leave nothing behind."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parts
from parts.mock_api import flags_of

TOOLS = Path(parts.__file__).resolve().parents[1]


def is_gone(pid: int, seconds: float = 10) -> bool:
    """Does the process end within that time? One that only waits for its exit code to be read has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def test_s3_gives_back_what_was_put(s3, bucket):
    table = pa.table({"id": range(1000), "name": [f"row {i}" for i in range(1000)]})
    store = s3.filesystem()
    with store.open_output_stream(f"{bucket}/folder/table.parquet") as out:
        pq.write_table(table, out)
    assert pq.read_table(f"{bucket}/folder/table.parquet", filesystem=store).equals(table)
    # The demo and the tests look at objects as files, too.
    assert pq.read_table(s3.folder / bucket / "folder" / "table.parquet").equals(table)


def test_s3_refuses_a_wrong_secret(s3, bucket):
    from pyarrow.fs import S3FileSystem

    stranger = S3FileSystem(
        access_key=s3.env["AWS_ACCESS_KEY_ID"],
        secret_key="not the secret",
        region="us-east-1",
        endpoint_override=s3.endpoint.removeprefix("http://"),
        scheme="http",
    )
    with pytest.raises(OSError, match=r"ACCESS_DENIED|403|Forbidden"):
        stranger.open_input_file(f"{bucket}/x").close()


def test_httpbin_answers(httpbin):
    request = urllib.request.Request(
        httpbin.url + "/anything?a=1", data=b'{"id": 7}', headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        echo = json.load(answer)
    assert echo["args"] == {"a": "1"}
    assert echo["json"] == {"id": 7}


def test_part_that_dies_tells_why():
    with parts.Part("a part", [sys.executable, "-c", "import sys; sys.exit('no such thing')"]) as part:
        with pytest.raises(parts.PartError, match=r"a part ended with code 1 .*\n?no such thing"):
            part.wait_for_line("listening")


def test_part_that_is_silent_is_given_up():
    with parts.Part("a part", ["sleep", "60"]) as part:
        with pytest.raises(parts.PartError, match="has not listened on port"):
            part.wait_for_port(parts.free_port(), seconds=0.1)
    assert is_gone(part.pid)


def test_line_of_a_part_that_has_ended_is_still_found():
    with parts.Part("a part", [sys.executable, "-c", "print('listening on http://127.0.0.1:4711')"]) as part:
        part.process.wait(30)
        assert part.wait_for_line(r":(\d+)$").group(1) == "4711"


def test_stop_ends_children_and_the_unwilling():
    code = (
        "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('child', subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    )
    part = parts.Part("a part", [sys.executable, "-c", code])
    child = int(part.wait_for_line(r"child (\d+)").group(1))
    part.stop(seconds=0.1)
    assert is_gone(part.pid)
    assert is_gone(child)


@pytest.mark.parametrize("ending", ["pass", "raise SystemExit(3)", "os.kill(os.getpid(), 9)"])
def test_no_part_outlives_its_owner(ending):
    """Not even when the owner forgets it, fails, or is killed."""
    code = f"import os, parts; part = parts.Part('a part', ['sleep', '60']);print(part.pid, flush=True); {ending}"
    owner = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(TOOLS)}, capture_output=True, text=True
    )
    pid = int(owner.stdout)
    assert is_gone(pid)


def test_flags():
    settings = {
        "limit": "5000/s",
        "stats_file": "a.json",
        "quiet": True,
        "tls_cert": None,
        "outage": ["1s+2s", "9s+1s"],
    }
    assert flags_of(settings) == [
        *["--limit", "5000/s", "--stats-file", "a.json", "--quiet"],
        *["--outage", "1s+2s", "--outage", "9s+1s"],
    ]
