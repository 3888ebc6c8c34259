// SPDX-License-Identifier: Apache-2.0
// Templates of URLs, headers and bodies: any text is compiled or refused, and what is compiled can be filled
// in.
#include <optional>

#include "fuzz/fuzz.h"
#include "mapping/mapping_test_rows.h"
#include "mapping/text_template.h"

namespace {

using rowcall::mapping::Place;
using rowcall::mapping::TextTemplate;

void play(std::string_view input) {
  static const rowcall::mapping::TestRows rows;
  for (Place place : {Place::kUrl, Place::kHeader, Place::kJsonBody, Place::kPlainBody}) {
    auto made = TextTemplate::make(input, place, rows.reader(), "fuzz");
    if (!made) continue;
    TextTemplate whole = TextTemplate::json_object({0, 1, 2, 3}, rows.reader());
    std::string out;
    for (std::int64_t row = 0; row < rows.reader().rows(); ++row)
      made->append(out, rows.reader(), row, &whole);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return rowcall::fuzz::run(
      {"template", play, {"{{", "}}", "{{id}}", "{{name}}", "{{note}}", "{{*}}", "\\{{", "\"", "\\", "%7B"}},
      argc, argv);
}
