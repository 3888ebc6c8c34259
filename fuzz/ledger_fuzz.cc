// SPDX-License-Identifier: Apache-2.0
// Segments of the ledger, read back: damaged bytes are said to be damaged, and nothing else happens.
#include "engine/answer_journal.h"
#include "fuzz/fuzz.h"

namespace {

using rowcall::table::TypeId;

const std::vector<rowcall::table::Column> kColumns = {
    {"text", {TypeId::kString, 0, 0}},    {"whole", {TypeId::kInt64, 0, 0}},
    {"real", {TypeId::kDouble, 0, 0}},    {"flag", {TypeId::kBool, 0, 0}},
    {"money", {TypeId::kDecimal, 10, 2}}, {"raw", {TypeId::kJson, 0, 0}}};

void play(std::string_view input) {
  static const std::vector<rowcall::table::Column> source_columns = {{"n", {TypeId::kInt64, 0, 0}}};
  rowcall::SourceBatch source;
  source.rows = rowcall::table::AnswerColumns(&source_columns, 40).finish();
  source.unreadable.push_back({3, 3, "", ""});
  rowcall::engine::HeldBatch batch(std::move(source), 0, &kColumns);
  rowcall::Counts counts;
  std::vector<rowcall::Segment> segments = {{0, 40, 1, std::string(input)}};
  static_cast<void>(rowcall::engine::AnswerJournal::restore(segments, batch, counts));
  rowcall::OwnedArray columns = batch.answers.finish();
}

}  // namespace

int main(int argc, char** argv) {
  return rowcall::fuzz::run(
      {"ledger",
       play,
       {std::string(1, '\0'), "\x02", "\x3f", "\x01\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"}},
      argc, argv);
}
