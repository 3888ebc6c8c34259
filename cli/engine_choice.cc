// SPDX-License-Identifier: Apache-2.0
#include "cli/engine_choice.h"

#include "base/parse.h"

namespace rowcall::cli {

Result<EngineChoice> choose_engine(const EngineFacts& facts) {
  if (facts.wanted == WantedEngine::kLocal) return EngineChoice{false, "it was asked for"};
  if (facts.wanted == WantedEngine::kSpark) {
    if (facts.standard_streams) {
      return failure({ErrorCode::kSetting, "--engine spark", "a table on standard input or output",
                      "files that all executors reach", "Take files, or --engine local."});
    }
    if (facts.spark.empty()) {
      return failure({ErrorCode::kNotFound, "--engine spark", "no spark-submit in $SPARK_HOME/bin or on PATH",
                      "one", "Set SPARK_HOME, pip install pyspark, or take --engine local."});
    }
    return EngineChoice{true, "it was asked for; it is " + facts.spark};
  }
  if (facts.standard_streams) return EngineChoice{false, "the table is on standard input or output"};
  std::string most = bytes_words(facts.local_bytes_max);
  if (facts.bytes < 0) return EngineChoice{false, "it is not known how large the table is"};
  std::string size = "the table has " + bytes_words(facts.bytes);
  if (facts.bytes <= facts.local_bytes_max)
    return EngineChoice{false, size + ", and up to " + most + " need no Spark"};
  if (facts.spark.empty()) {
    return EngineChoice{false, size + ", more than " + most + ", but there is no Spark here"};
  }
  return EngineChoice{true, size + ", more than " + most + ", and there is " + facts.spark};
}

}  // namespace rowcall::cli
