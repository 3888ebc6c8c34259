# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Spark: hundreds of megabytes, so it has a Python environment of its own, made when a task of this file is run.

SPARK="$ROOT/.cache/spark"

# need_spark: .cache/spark has the pyspark that tools/requirements/spark.txt pins. Spark needs Java 17.
need_spark() {
  command -v java >/dev/null || die "Spark needs Java 17; on Debian: apt-get install openjdk-17-jre-headless"
  local stamp="$SPARK/.rowcall"
  if [[ "$(cat "$stamp" 2>/dev/null)" != "$(digest tools/requirements/spark.txt)" ]]; then
    [[ -x "$SPARK/bin/python" ]] || "$(base_python)" -m venv "$SPARK"
    step "pip installs Spark (some minutes, once)" "$SPARK/bin/python" -m pip install --quiet --no-input \
      --disable-pip-version-check --require-hashes -r tools/requirements/spark.txt
    digest tools/requirements/spark.txt >"$stamp"
  fi
}

#: spark-test [ARGUMENT...] | rowcall.spark and the Glue job on a real Spark with two executor processes
cmd_spark_test() {
  ./dev build rowcall_python rowcall
  need_spark
  "$SPARK/bin/python" -m pytest -q -c tests/spark/pytest.ini "${@:-tests/spark}"
}

#: spark-demo [--rows N] [--rate R] [--trouble kill|cut|speculation] | 200,000 skewed rows, one limit, audited
cmd_spark_demo() {
  ./dev build rowcall_python rowcall
  need_spark
  "$SPARK/bin/python" tools/spark_demo.py "$@"
}
