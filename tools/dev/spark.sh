# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Spark: hundreds of megabytes, so it has a Python environment of its own, made when a task of this file is run.

# need_spark [VERSION]: .cache/spark has the pyspark that tools/requirements/spark.txt pins, or .cache/spark4.1 that of
# spark4.1.txt. Spark needs Java 17.
need_spark() {
  command -v java >/dev/null || die "Spark needs Java 17; on Debian: apt-get install openjdk-17-jre-headless"
  local pins="tools/requirements/spark${1:-}.txt"
  SPARK="$ROOT/.cache/spark${1:-}"
  [[ -f "$pins" ]] || die "no Spark ${1:-} is pinned in tools/requirements"
  local stamp="$SPARK/.rowcall"
  if [[ "$(cat "$stamp" 2>/dev/null)" != "$(digest "$pins")" ]]; then
    [[ -x "$SPARK/bin/python" ]] || "$(base_python)" -m venv "$SPARK"
    step "pip installs Spark (some minutes, once)" "$SPARK/bin/python" -m pip install --quiet --no-input \
      --disable-pip-version-check --require-hashes -r "$pins"
    digest "$pins" >"$stamp"
  fi
}

#: spark-test [--spark 4.1] [ARGUMENT...] | rowcall.spark, submit and the Glue job on a real Spark (3.5) with two executor processes
cmd_spark_test() {
  local version=""
  if [[ "${1:-}" == --spark ]]; then
    [[ $# -ge 2 ]] || usage_error spark-test "--spark needs a version"
    version="$2"
    shift 2
  fi
  ./dev build rowcall_python rowcall
  need_spark "$version"
  need_versitygw
  "$SPARK/bin/python" -m pytest -q -c tests/spark/pytest.ini "${@:-tests/spark}"
}

#: spark-demo [--rows N] [--rate R] [--trouble kill|cut|speculation...] | 200,000 skewed rows, one limit, audited
cmd_spark_demo() {
  ./dev build rowcall_python rowcall
  need_spark
  "$SPARK/bin/python" tools/spark_demo.py "$@"
}

#: spark-bench cost|beside [ARGUMENT...] | what rowcall.spark costs executors and coordinator; and what one would write otherwise
cmd_spark_bench() {
  local which="${1:-cost}"
  [[ $# -eq 0 ]] || shift
  [[ -f "bench/spark_$which.py" ]] || usage_error spark-bench "there is no bench $which"
  ./dev build rowcall_python rowcall
  need_spark
  "$SPARK/bin/python" "bench/spark_$which.py" "$@"
}
