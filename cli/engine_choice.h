// SPDX-License-Identifier: Apache-2.0
// Where a job on files is carried out: by this process, or by Spark.
//
// A plain function of what was asked and what is there; the Python package asks it too, through
// `rowcall submit --explain`, so that there is one rule and one size.
#pragma once

#include <cstdint>
#include <string>

#include "rowcall/error.h"

namespace rowcall::cli {

/// Tables up to this size are called here, unless Spark is asked for: one process calls faster than any API
/// grants, so Spark helps only where reading and writing is the work.
constexpr std::int64_t kLocalBytesMax = 10'000'000'000;

enum class WantedEngine { kAuto, kLocal, kSpark };

struct EngineFacts {
  WantedEngine wanted = WantedEngine::kAuto;
  std::int64_t bytes = -1;  ///< Of the table's files as they lie there; -1: not known.
  std::int64_t local_bytes_max = kLocalBytesMax;
  bool standard_streams = false;  ///< The table comes from standard input, or goes to standard output.
  std::string spark;              ///< What would run it: "a Spark session", a path; empty: there is none.
};

struct EngineChoice {
  bool spark = false;
  std::string reason;  ///< Follows "engine: spark, since ".
};

/// Fails when Spark is asked for and cannot be had.
Result<EngineChoice> choose_engine(const EngineFacts& facts);

}  // namespace rowcall::cli
