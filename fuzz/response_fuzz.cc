// SPDX-License-Identifier: Apache-2.0
// Answers of an API, taken apart: alone, and as arrays matched by position and by key. Nothing an API sends
// may do more than fail its rows.
#include <cstdlib>

#include "fuzz/fuzz.h"
#include "mapping/answer_mapper.h"

namespace {

using rowcall::mapping::AnswerMapper;

AnswerMapper mapper(bool several, rowcall::MatchBy match) {
  rowcall::Job job;
  job.request.url = "http://api.test/";
  job.response.columns = {{"text", "/a", "string", true},    {"whole", "/b", "int64", false},
                          {"real", "/c/0", "double", false}, {"money", "/d", "decimal(10,2)", false},
                          {"day", "/e", "date", false},      {"at", "/f", "timestamp", false},
                          {"raw_json", "/g", "json", false}, {"flag", "/h~1i", "bool", false}};
  job.response.raw = true;
  job.classify.body = {{"/error", "", rowcall::OutcomeClass::kPermanent}};
  if (several) {
    job.request.rows_per_call = 3;
    job.response.items = "/items";
    job.response.match = match;
    job.response.match_column = "id";
    job.response.match_pointer = "/id";
  }
  auto made = AnswerMapper::make(job, {"id"});
  if (!made) std::abort();
  return *std::move(made);
}

void play(std::string_view input) {
  static AnswerMapper mappers[] = {mapper(false, rowcall::MatchBy::kPosition),
                                   mapper(true, rowcall::MatchBy::kPosition),
                                   mapper(true, rowcall::MatchBy::kKey)};
  for (AnswerMapper& mapper : mappers) {
    int rows = &mapper == &mappers[0] ? 1 : 3;
    rowcall::table::AnswerColumns into(&mapper.columns(), rows);
    std::string body(input);
    std::string message;
    static_cast<void>(mapper.judge(body, message));
    rowcall::mapping::Mapped mapped = mapper.extract(body, {0, rows}, {"1", "2", "3"}, into);
    if (mapped.call_error.empty() && mapped.row_errors.size() != static_cast<std::size_t>(rows)) std::abort();
    rowcall::OwnedArray columns = into.finish();
  }
}

}  // namespace

int main(int argc, char** argv) {
  return rowcall::fuzz::run({"response",
                             play,
                             {"{",
                              "}",
                              "[",
                              "]",
                              "\"a\":",
                              "\"b\":",
                              "\"c\":[",
                              "\"d\":",
                              "\"e\":\"2024-02-29\"",
                              "\"items\":[",
                              "\"id\":1",
                              "null",
                              "true",
                              "1e308",
                              "-0.0",
                              "99999999999999999999",
                              "\\u0000",
                              "\\ud800",
                              "\"",
                              ",",
                              ":",
                              "\"error\":"}},
                            argc, argv);
}
