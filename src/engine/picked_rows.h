// SPDX-License-Identifier: Apache-2.0
// Only some rows of a source: what `rowcall retry` reads.
//
// Each row keeps the number it has in the whole source. Same threads as the source behind it.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "rowcall/table.h"

namespace rowcall::engine {

class PickedRows final : public TableSource {
 public:
  /// `numbers` are those of the rows wanted, over the whole source; ascending.
  PickedRows(TableSource* source, std::vector<std::int64_t> numbers);

  Result<OwnedSchema> schema() override { return source_->schema(); }
  Result<SourceInfo> info() override;
  Result<std::optional<SourceBatch>> next() override;
  Result<void> seek(const SourcePosition& to) override { return source_->seek(to); }

 private:
  void pick_from(SourceBatch batch);

  TableSource* source_;
  std::vector<std::int64_t> numbers_;
  std::size_t next_ = 0;  // into numbers_
  std::deque<SourceBatch> picked_;
};

}  // namespace rowcall::engine
