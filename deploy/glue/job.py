# SPDX-License-Identifier: Apache-2.0
"""The Glue job: reads a table in S3, calls the API for every row, writes the answers to S3.

Runs in AWS Glue 5.0, 5.1 and 6.0, and unchanged under spark-submit. Arguments have the names of `.env`:

    --S3_BUCKET my-bucket --S3_KEY in/customers/ --OUTPUT_KEY out/customers/ --API_ENDPOINT https://api.example.com/process
    --RATE_LIMIT_CALLS 5000 --RATE_LIMIT_PERIOD 1 --RESPONSE "score=/score:double,label=/label"
    --FORMAT parquet|csv|json      (of the input; the output is Parquet)
    --CHECKPOINT_KEY journal/      (answers are kept there, so that a repeated task pays for nothing twice)
    --API_TOKEN_SECRET my/secret   (the name of a Secrets Manager secret with the bearer token; never the token)
    --PARTITIONS 32

docs/glue.md tells what each costs and needs.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys

from pyspark.sql import SparkSession

import rowcall.spark

REQUIRED = ("S3_BUCKET", "S3_KEY", "OUTPUT_KEY", "API_ENDPOINT")
DEFAULTS = {
    "RATE_LIMIT_CALLS": "5000",
    "RATE_LIMIT_PERIOD": "1",
    "RESPONSE": "",
    "FORMAT": "parquet",
    "CHECKPOINT_KEY": "",
    "API_TOKEN_SECRET": "",
    "PARTITIONS": "",
}


def arguments(argv: list[str]) -> dict[str, str]:
    """By Glue's own getResolvedOptions where it is there. It has no optional arguments, so they are looked for
    first."""
    given = [name for name in DEFAULTS if any(a == f"--{name}" or a.startswith(f"--{name}=") for a in argv)]
    names = [*REQUIRED, *given]
    try:
        from awsglue.utils import getResolvedOptions
    except ImportError:
        found = _plain(argv, names)
    else:
        found = getResolvedOptions(argv, names)
    return {**DEFAULTS, **{name: found[name] for name in names}}


def _plain(argv: list[str], names: list[str]) -> dict[str, str]:
    import argparse

    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}", required=True)
    return vars(parser.parse_known_args(argv[1:])[0])


def place(bucket: str, key: str) -> str:
    """s3://BUCKET/KEY; with a bucket that is a folder ("file:///..."), a file in it."""
    return f"{bucket.rstrip('/')}/{key}" if "://" in bucket else f"s3://{bucket}/{key}"


def response_of(text: str) -> dict[str, str]:
    """ "score=/score:double,label=/label" as columns."""
    return dict(item.split("=", 1) for item in text.split(",") if item)


def bearer_token(secret: str) -> str:
    import boto3

    return str(boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])


def tell(numbers: dict[str, object], held: bool) -> None:
    """A line of JSON on standard output, which Glue brings to CloudWatch; the template's alarms read it."""
    print(json.dumps({"rowcall": {**numbers, "held": int(held)}}), flush=True)


def main(argv: list[str]) -> None:
    wanted = arguments(argv)
    spark = SparkSession.builder.getOrCreate()
    # One batch of Arrow has that many rows; wide rows make big batches.
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "2000")
    source = place(wanted["S3_BUCKET"], wanted["S3_KEY"])
    sink = place(wanted["S3_BUCKET"], wanted["OUTPUT_KEY"])
    reader = spark.read.option("header", "true") if wanted["FORMAT"] == "csv" else spark.read
    frame = reader.format(wanted["FORMAT"]).load(source)
    if wanted["PARTITIONS"]:
        frame = frame.repartition(int(wanted["PARTITIONS"]))
    settings: dict[str, object] = {}
    if wanted["API_TOKEN_SECRET"]:
        os.environ["API_TOKEN"] = bearer_token(wanted["API_TOKEN_SECRET"])
        settings = {"auth.type": "bearer", "auth.token": "env:API_TOKEN"}
    enriched = rowcall.spark.enrich(
        frame,
        url=wanted["API_ENDPOINT"],
        rate=f"{wanted['RATE_LIMIT_CALLS']}/{wanted['RATE_LIMIT_PERIOD']}s",
        response=response_of(wanted["RESPONSE"]) or None,
        settings=settings,
        env_file=False,
        checkpoint=place(wanted["S3_BUCKET"], wanted["CHECKPOINT_KEY"]) if wanted["CHECKPOINT_KEY"] else None,
    )
    metrics = rowcall.spark.metrics_of(enriched)
    with metrics.watch(60, lambda progress: tell(dataclasses.asdict(progress), bool(progress.held))):
        enriched.write.mode("overwrite").parquet(sink)
    report = metrics.report
    counts = {"rows": 0, "failed": 0, "throttled": 0, **report.counts}
    more = {"seconds": report.seconds, "rate": report.rate_mean, "held_s": report.held_s}
    tell({**counts, **more, "coordinator": report.coordinator}, report.held_s > 0)
    rowcall.spark.close()


if __name__ == "__main__":
    main(sys.argv)
