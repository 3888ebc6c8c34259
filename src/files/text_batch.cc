// SPDX-License-Identifier: Apache-2.0
#include "files/text_batch.h"

#include <utility>

#include "base/try.h"
#include "base/utf8.h"

namespace rowcall::files {
namespace {

constexpr std::size_t kExcerptBytes = 1000 - 3;  // with the dots behind it, what UnreadableRow allows

}  // namespace

TextBatch::TextBatch(const std::vector<table::Column>& columns, std::int64_t row, std::int64_t line)
    : builder_(columns), row_(row), line_(line) {}

void TextBatch::begin(std::int64_t byte_offset) {
  first_ = {row_, 0, row_, byte_offset, line_};
  bytes_ = 0;
}

void TextBatch::add_row(std::size_t bytes) {
  builder_.add_row();
  ++row_;
  bytes_ += static_cast<std::int64_t>(bytes);
}

void TextBatch::add_unreadable(std::string reason, std::string_view raw) {
  builder_.clear_row();
  UnreadableRow row{row_, line_, std::move(reason), excerpt(raw, kExcerptBytes)};
  bytes_ += static_cast<std::int64_t>(sizeof row + row.reason.size() + row.excerpt.size());
  unreadable_.push_back(std::move(row));
  ++row_;
}

Result<SourceBatch> TextBatch::finish() {
  SourceBatch batch;
  TRY(batch.rows, builder_.finish());
  batch.position = first_;
  batch.unreadable = std::exchange(unreadable_, {});
  return batch;
}

}  // namespace rowcall::files
