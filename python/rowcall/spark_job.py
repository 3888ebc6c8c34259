# SPDX-License-Identifier: Apache-2.0
"""What `rowcall submit` hands to spark-submit: spark_job.py JOB.toml [--checkpoint PLACE].

Exit codes are those of the command: 0 done, 4 some rows were not answered, 2 the job is wrong, 1 anything else.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys

# Spark puts the script's folder on the path; modules of this package are not modules of the world.
sys.path[:] = [place for place in sys.path if os.path.realpath(place) != os.path.dirname(os.path.realpath(__file__))]


def main(words: list[str]) -> int:
    from pyspark.sql import SparkSession

    from rowcall import Job, RowcallError, SettingError
    from rowcall._spark_files import run_files

    parser = argparse.ArgumentParser(prog="spark_job.py")
    parser.add_argument("job")
    parser.add_argument("--checkpoint")
    wanted = parser.parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("rowcall").setLevel(logging.INFO)
    try:
        job = Job.from_file(wanted.job, env_file=False)
        session = SparkSession.builder.appName(f"rowcall {job.get('name')}").getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        # One batch of Arrow has that many rows; wide rows make big batches.
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "2000")
        output = run_files(session, job, wanted.checkpoint, watch=True)
    except SettingError as error:
        print(f"rowcall: {error}", file=sys.stderr)
        return 2
    except RowcallError as error:
        print(f"rowcall: {error}", file=sys.stderr)
        return 1
    counts = output.counts
    print(
        f"{counts.rows:,} rows: {counts.ok:,} ok, {counts.no_match:,} no match, {counts.failed:,} failed, "
        f"{counts.unreadable:,} unreadable, in {output}\n{output.metrics.report}"
    )
    session.stop()
    return 4 if counts.failed or counts.unreadable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
