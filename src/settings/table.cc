// SPDX-License-Identifier: Apache-2.0
#include "settings/table.h"

#include "settings/make.h"

namespace rowcall::settings {
namespace {

std::vector<std::string> formats() {
  return {"auto", "csv", "ndjson", "json", "parquet"};
}
std::vector<std::string> compressions() {
  return {"auto", "none", "gzip", "zstd", "snappy"};
}

}  // namespace

std::vector<Setting> top_settings() {
  return {text({.key = "name",
                .example = R"("cities")",
                .doc = "The job's name; it names the run directory runs/NAME. When it is not set, it is made "
                       "from the name of the job file, or else of the first source file.",
                .flag = "--name"},
               kJobNameText, ROWCALL_FIELD(name))};
}

std::vector<Setting> source_settings() {
  return {
      texts(
          {.key = "source.path",
           .example = R"(["in/2024-*.csv", "s3://bucket/more.csv.gz"])",
           .doc = "The table to read: files, globs, folders, s3://BUCKET/KEY, or \"-\" for standard input. "
                  "Several are read one after the other and must have the same columns. Relative paths start "
                  "at the current directory. S3_BUCKET and S3_KEY together set s3://S3_BUCKET/S3_KEY.",
           .flag = "--from",
           .environment = {"S3_BUCKET", "S3_KEY"}},
          kTableText, "a path, \"s3://BUCKET/KEY\", \"-\", or a list of such", ROWCALL_FIELD(source.paths)),
      choice({.key = "source.format",
              .example = R"("ndjson")",
              .doc = "How the source is written. With \"auto\" the file name decides; standard input has "
                     "none, so the format must be given.",
              .flag = "--from-format"},
             formats(), ROWCALL_FIELD(source.format)),
      choice({.key = "source.compression",
              .example = R"("gzip")",
              .doc = "How the source's files are compressed. With \"auto\" the file name decides (.gz, "
                     ".zst). Parquet compresses inside the file, so this does not apply to it."},
             compressions(), ROWCALL_FIELD(source.compression)),
      whole({.key = "source.rows_max",
             .example = "1000",
             .doc = "Read at most that many rows, for a trial; 0 reads all.",
             .flag = "--rows-max"},
            {0, INT64_MAX}, ROWCALL_FIELD(source.rows_max)),
      bytes({.key = "source.line_bytes_max",
             .example = R"("1MB")",
             .doc = "A longer line or record is unreadable. The limit keeps memory flat."},
            {1 << 10, 1 << 30}, ROWCALL_FIELD(source.line_bytes_max)),
      whole({.key = "source.chunk_size",
             .example = "4096",
             .doc = "How many rows are taken from a file at once.",
             .flag = "--chunk-size",
             .environment = {"CHUNK_SIZE"}},
            {1, 10'000'000}, ROWCALL_FIELD(source.chunk_size)),
      whole({.key = "source.batch_size",
             .example = "500",
             .doc = "How many rows move together from the reader to the calls and on to the sink. It says "
                    "nothing about how many rows one call carries; that is request.rows_per_call.",
             .flag = "--batch-size",
             .environment = {"BATCH_SIZE"}},
            {1, 1'000'000}, ROWCALL_FIELD(source.batch_size)),
  };
}

std::vector<Setting> csv_settings() {
  return {
      text_table(
          {.key = "source.types",
           .example = R"x({ zip = "string", price = "decimal(10,2)" })x",
           .doc = "Types of the columns of CSV, NDJSON and JSON, by name; Parquet has types of its own. "
                  "They win over what infer_types finds, and may name keys that only come late. A "
                  "cell that does not fit its column's type makes its row unreadable; it never ends "
                  "the run."},
          kTypeEntries, ROWCALL_FIELD(source.types)),
      truth({.key = "source.infer_types",
             .example = "false",
             .doc = "Find the types of columns from a sample of rows. What could lose something stays "
                    "text: \"00501\" is not the number 501. With false, all columns of a CSV stay text, and "
                    "all values of NDJSON and JSON go on as they stand."},
            ROWCALL_FIELD(source.infer_types)),
      whole({.key = "source.infer_rows",
             .example = "1000",
             .doc = "How many rows that sample has at most; it ends at 8 MB."},
            {1, 10'000'000}, ROWCALL_FIELD(source.infer_rows)),
      texts({.key = "source.null_values",
             .example = R"(["", "NULL", "NA"])",
             .doc = "CSV cells that mean null when they stand without quotes."},
            kAnyText, "a text or a list of texts", ROWCALL_FIELD(source.null_values)),
      character({.key = "source.delimiter",
                 .example = R"(";")",
                 .doc = "The character between two CSV cells. \"\\t\" or \"tab\" means the tab."},
                ROWCALL_FIELD(source.delimiter)),
      character({.key = "source.quote",
                 .example = R"("'")",
                 .doc = "The character around CSV cells that hold delimiters or line breaks."},
                ROWCALL_FIELD(source.quote)),
      truth({.key = "source.header",
             .example = "false",
             .doc = "The first CSV line holds the column names. With false, give source.column_names, or "
                    "columns are named column_1, column_2 and so on."},
            ROWCALL_FIELD(source.header)),
      texts({.key = "source.column_names",
             .example = R"(["lat", "lon", "name"])",
             .doc = "Names for the columns of a CSV without a header line; needs source.header = false."},
            kAnyText, "a text or a list of texts", ROWCALL_FIELD(source.column_names)),
  };
}

std::vector<Setting> s3_settings() {
  return {
      text({.key = "s3.endpoint",
            .example = R"("http://127.0.0.1:9000")",
            .doc = "Scheme, host and port of an object store that is not AWS. When it is empty, "
                   "AWS_ENDPOINT_URL decides, and else it is AWS.",
            .flag = "--s3-endpoint"},
           kEndpointText, ROWCALL_FIELD(s3.endpoint)),
      text({.key = "s3.region",
            .example = R"("eu-central-1")",
            .doc = "The bucket's region. When it is empty, AWS_REGION or the profile decides, and with an "
                   "endpoint of one's own it is us-east-1.",
            .flag = "--s3-region"},
           kRegionText, ROWCALL_FIELD(s3.region)),
      truth({.key = "s3.anonymous",
             .example = "true",
             .doc = "Send no credentials at all: for public buckets. Else they come from the standard AWS "
                    "chain (environment, profile, instance role), never from a job."},
            ROWCALL_FIELD(s3.anonymous)),
      whole({.key = "s3.attempts_max",
             .example = "3",
             .doc = "How often one storage request is tried before the run stops (resumable)."},
            {1, 100}, ROWCALL_FIELD(s3.attempts_max)),
  };
}

std::vector<Setting> sink_settings() {
  return {
      text({.key = "sink.path",
            .example = R"("s3://bucket/out/scored.parquet")",
            .doc = "The table to write: a file, a folder (ends in \"/\", gets one file a part), "
                   "s3://BUCKET/KEY, or \"-\" for standard output (CSV and NDJSON only). When it is empty, "
                   "output.parquet in the run directory.",
            .flag = "--to"},
           kTableText, ROWCALL_FIELD(sink.path)),
      choice({.key = "sink.format",
              .example = R"("csv")",
              .doc = "How the table is written. With \"auto\" the file name decides; standard output has "
                     "none, so the format must be given.",
              .flag = "--to-format"},
             formats(), ROWCALL_FIELD(sink.format)),
      choice({.key = "sink.compression",
              .example = R"("gzip")",
              .doc = "How the table is compressed. With \"auto\": zstd inside Parquet files, and for the "
                     "others the file name decides (.gz, .zst). Snappy is for Parquet only."},
             compressions(), ROWCALL_FIELD(sink.compression)),
      whole(
          {.key = "sink.part_rows",
           .example = "50000",
           .doc =
               "How many rows a part has. A part is written whole or not at all, and is the unit of commit."},
          {1, 1'000'000'000}, ROWCALL_FIELD(sink.part_rows)),
      whole({.key = "sink.row_group_rows",
             .example = "65536",
             .doc = "How many rows a Parquet row group has; more compress better and need more memory."},
            {1, 10'000'000}, ROWCALL_FIELD(sink.row_group_rows)),
      truth({.key = "sink.overwrite",
             .example = "true",
             .doc = "Replace a table that is already there. Else a run that would do so stops before its "
                    "first call.",
             .flag = "--overwrite"},
            ROWCALL_FIELD(sink.overwrite)),
  };
}

std::vector<Setting> run_settings() {
  return {
      text({.key = "run.dir",
            .example = R"("runs/cities-2024")",
            .doc = "The run directory: ledger, logs, failures, report. When it is empty, runs/NAME. The same "
                   "job with the same directory resumes its run.",
            .flag = "--run-dir"},
           kPathText, ROWCALL_FIELD(run.dir)),
      choice({.key = "run.order",
              .example = R"("any")",
              .doc = "\"input\": rows are written in the order in which they were read. \"any\": as they are "
                     "answered, which holds fewer rows while a slow one is tried again.",
              .flag = "--order"},
             {"input", "any"}, ROWCALL_FIELD(run.order)),
      choice({.key = "run.mode",
              .example = R"("sync")",
              .doc = "\"async\": as many calls at a time as the rate needs, up to limits.in_flight_max. "
                     "\"sync\": run.workers calls at a time, each waiting for its answer.",
              .flag = "--mode"},
             {"async", "sync"}, ROWCALL_FIELD(run.mode)),
      whole({.key = "run.workers",
             .example = "8",
             .doc = "Calls at a time in mode \"sync\"; without effect in mode \"async\".",
             .flag = "--workers",
             .environment = {"MAX_WORKERS"}},
            {1, 10'000}, ROWCALL_FIELD(run.workers)),
      seed(
          {.key = "run.seed",
           .example = "42",
           .doc = "Where jitter starts from, to repeat a run exactly in a test; 0 takes a new one each time.",
           .flag = "--seed"},
          ROWCALL_FIELD(run.seed)),
      truth({.key = "run.call_log",
             .example = "false",
             .doc = "Write the time of every call to calls.log in the run directory, from which `rowcall "
                    "verify-rate` proves that the limit was kept."},
            ROWCALL_FIELD(run.call_log)),
      truth({.key = "run.telemetry",
             .example = "false",
             .doc = "Keep what tells of the run: logs, metrics.ndjson, events.ndjson, calls.log, the report, "
                    "the live page. When false there is summary.json alone."},
            ROWCALL_FIELD(run.telemetry)),
  };
}

std::vector<Setting> log_settings() {
  return {
      word({.key = "log.level",
            .example = R"("debug")",
            .doc = "The least important messages that are logged.",
            .flag = "--log-level",
            .environment = {"LOG_LEVEL"}},
           {"trace", "debug", "info", "warning", "error", "critical"}, ROWCALL_FIELD(log.level),
           {.word = "warn", .choice = "warning"}),
      choice({.key = "log.format",
              .example = R"("json")",
              .doc = "\"text\" for people, \"json\" for programs: one object a line.",
              .flag = "--log-format"},
             {"text", "json"}, ROWCALL_FIELD(log.format)),
      bytes({.key = "log.file_bytes_max",
             .example = R"("1MB")",
             .doc = "A log file that has grown to this size is closed, and a new one begun."},
            {1 << 10, std::int64_t{10} << 30}, ROWCALL_FIELD(log.file_bytes_max)),
      whole({.key = "log.files_max",
             .example = "3",
             .doc = "How many log files are kept; the oldest is removed."},
            {1, 1000}, ROWCALL_FIELD(log.files_max)),
      duration({.key = "log.slow_call",
                .example = R"("2s")",
                .doc = "An attempt that takes longer is logged as slow."},
               1ms, 24h, ROWCALL_FIELD(log.slow_call)),
  };
}

}  // namespace rowcall::settings
