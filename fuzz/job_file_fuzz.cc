// SPDX-License-Identifier: Apache-2.0
// Job files: any text becomes a job or an error that names the place; a job comes back from its own text.
#include <cstdlib>

#include "fuzz/fuzz.h"
#include "settings/job_text.h"

namespace {

void play(std::string_view input) {
  rowcall::Job job;
  rowcall::settings::Places places;
  if (!rowcall::settings::apply_job_text(input, "job.toml", job, places)) return;
  std::string text = rowcall::settings::to_toml(job);
  rowcall::Job again;
  rowcall::settings::Places ignored;
  if (!rowcall::settings::apply_job_text(text, "again.toml", again, ignored) || again != job) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  return rowcall::fuzz::run({"job_file",
                             play,
                             {"[source]\n",
                              "[request]\n",
                              "[response.columns]\n",
                              "[limits]\n",
                              "[[classify.body]]\n",
                              "[request.headers]\n",
                              " = ",
                              "\"",
                              "'",
                              "\"\"\"",
                              "#",
                              "{",
                              "}",
                              "[",
                              "]",
                              "true",
                              "5000/s",
                              "10s",
                              "8MB",
                              "env:X",
                              "file:/x",
                              "\\u0041",
                              "1e400",
                              "0x",
                              "-",
                              "path",
                              "url",
                              "rate",
                              "\n"}},
                            argc, argv);
}
