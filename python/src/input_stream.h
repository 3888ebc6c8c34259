// SPDX-License-Identifier: Apache-2.0
// The user's Arrow stream, pulled and cut into batches on the consumer's thread.
//
// The buffers of the stream may belong to Python, and releasing them may need its lock. So they are released
// where they were pulled: arrays that the run has done with lie in a yard until the consumer comes by.
//
// Belongs to the consumer's thread, the yard excepted.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"
#include "rowcall/table.h"

#include "table/slice.h"

namespace rowcall::python {

/// Arrays nobody needs any more, to be released on one certain thread.
class Yard {
 public:
  /// Takes over `array`; it comes back here when the last share is gone.
  static table::SharedTable share(const std::shared_ptr<Yard>& yard, OwnedArray array);
  /// Releases what lies here.
  void empty();
  /// From now on arrays are released where the last share goes: there are no threads of ours any more.
  void close();

 private:
  void bury(const OwnedArray* array);

  std::mutex mutex_;
  bool closed_ = false;
  std::vector<std::unique_ptr<const OwnedArray>> dead_;
};

class InputStream {
 public:
  /// Asks the stream for its schema. Fails when it is no stream of tables, or has a column twice.
  static Result<InputStream> open(OwnedStream stream, int batch_size);

  const ArrowSchema& schema() const { return *schema_.get(); }
  /// The next array of the stream, cut into batches; none at the end. An error of the stream is kInput.
  Result<std::vector<SourceBatch>> pull();
  /// Releases the stream.
  void close() { stream_.reset(); }
  Yard& yard() { return *yard_; }

 private:
  InputStream() = default;
  void mend_null_columns(ArrowArray& batch) const;

  OwnedStream stream_;
  OwnedSchema schema_;
  int batch_size_ = 0;
  std::int64_t rows_ = 0;
  std::shared_ptr<Yard> yard_ = std::make_shared<Yard>();
};

}  // namespace rowcall::python
