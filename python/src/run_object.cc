// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "python/src/engine_run.h"
#include "python/src/objects.h"
#include "table/schema.h"

namespace rowcall::python {
namespace {

using namespace std::chrono_literals;
using Turn = HandOver::Turn;

// A run, and whether its one consumer has been found.
struct Shared {
  std::shared_ptr<EngineRun> run;
  bool consumed = false;
  std::string error;  // of the consumer that knows no exceptions
  std::vector<table::SharedTable> collected;
};
using HeldRun = std::shared_ptr<Shared>;

PyTypeObject* run_type = nullptr;

// How long a wait lasts before signals are looked at.
constexpr Duration kSlice = 50ms;

std::mutex& registry_lock() {
  static std::mutex lock;
  return lock;
}

std::vector<std::weak_ptr<EngineRun>>& registry() {
  static std::vector<std::weak_ptr<EngineRun>> runs;
  return runs;
}

void enter(const std::shared_ptr<EngineRun>& run) {
  std::lock_guard lock(registry_lock());
  std::erase_if(registry(), [](const std::weak_ptr<EngineRun>& known) { return known.expired(); });
  registry().push_back(run);
}

Error forked() {
  return {ErrorCode::kInternal, "the run",
          "it was begun in another process, and a fork does not take it along", "a run begun in this process",
          "Begin it after the fork."};
}

Error consumed() {
  return {ErrorCode::kInput, "the stream", "it is consumed already", "one consumer",
          "Going through it again would send its calls again: keep its batches, or begin another run."};
}

// Python's handlers for signals that have come meanwhile. The lock must be held.
bool interrupted() {
  return PyErr_CheckSignals() != 0;
}

// ---- the stream that other libraries consume

// A capsule that is only asked for its schema begins nothing; the first one to be read is the consumer.
struct StreamState {
  HeldRun shared;
  bool consumer = false;
};

StreamState* state_of(ArrowArrayStream* stream) {
  return static_cast<StreamState*>(stream->private_data);
}

int fail(Shared& shared, std::string text, int code) {
  shared.error = std::move(text);
  return code;
}

// With the lock: true when a signal wants this to end. The handler's exception comes again in Python.
bool signal_came() {
  if (Py_IsInitialized() == 0) return true;
  PyGILState_STATE lock = PyGILState_Ensure();
  bool came = interrupted();
  if (came) {
    PyErr_Clear();
    PyErr_SetInterrupt();
  }
  PyGILState_Release(lock);
  return came;
}

int end_of_stream(Shared& shared, ArrowArray* out) {
  const Result<Report>& result = shared.run->result();
  if (!result) return fail(shared, result.error().text(), EIO);
  if (result->end != RunEnd::kComplete) return fail(shared, result->error.text(), EIO);
  *out = ArrowArray{};
  return 0;
}

int stream_next(ArrowArrayStream* stream, ArrowArray* out) {
  StreamState* state = state_of(stream);
  Shared& shared = *state->shared;
  if (!shared.run->is_of_this_process()) return fail(shared, forked().text(), EINVAL);
  if (!state->consumer && std::exchange(shared.consumed, true))
    return fail(shared, consumed().text(), EINVAL);
  state->consumer = true;
  Unlocked unlocked;
  for (;;) {
    switch (shared.run->turn(kSlice)) {
      case Turn::kBatch: shared.run->take().move_to(out); return 0;
      case Turn::kOver: return end_of_stream(shared, out);
      default:
        if (signal_came()) {
          shared.run->stop();
          return fail(shared, "interrupted", EINTR);
        }
    }
  }
}

const char* stream_error(ArrowArrayStream* stream) {
  return state_of(stream)->shared->error.c_str();
}

// A consumer that goes away ends the run; one that only looked does not.
void stream_release(ArrowArrayStream* stream) {
  std::unique_ptr<StreamState> state(state_of(stream));
  Unlocked unlocked;
  if (state->consumer) state->shared->run->close();
  state.reset();
  stream->release = nullptr;
}

int state_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  Shared& shared = *state_of(stream)->shared;
  if (!shared.run->is_of_this_process()) return fail(shared, forked().text(), EINVAL);
  table::copy_of(shared.run->output_schema()).move_to(out);
  return 0;
}

PyObject* run_stream(PyObject* self, PyObject*, PyObject*) {
  OwnedStream stream;
  *stream.fill() = {&state_schema, &stream_next, &stream_error, &stream_release,
                    new StreamState{held_by<HeldRun>(self), false}};
  return stream_capsule(std::move(stream));
}

// ---- the methods that rowcall's own Python uses

EngineRun* run_here(PyObject* self) {
  EngineRun* run = held_by<HeldRun>(self)->run.get();
  if (run->is_of_this_process()) return run;
  raise(forked());
  return nullptr;
}

// wait(seconds) -> 0 nothing yet, 1 a batch, 2 over
PyObject* run_wait(PyObject* self, PyObject* arguments) {
  double most = 0;
  if (PyArg_ParseTuple(arguments, "d", &most) == 0) return nullptr;
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  held_by<HeldRun>(self)->consumed = true;
  Turn turn = Turn::kNothing;
  Duration left = from_seconds(most);
  for (;;) {
    {
      Unlocked unlocked;
      turn = run->turn(std::min(left, kSlice));
    }
    if (interrupted()) return nullptr;
    left -= kSlice;
    if (turn != Turn::kNothing || left <= Duration{}) break;
  }
  return PyLong_FromLong(turn == Turn::kBatch ? 1 : turn == Turn::kOver ? 2 : 0);
}

PyObject* run_take(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  OwnedArray rows = run->take();
  if (!rows) {
    PyErr_SetString(PyExc_RuntimeError, "no batch is ready: another thread took it");
    return nullptr;
  }
  auto table = std::make_shared<KeptTable>();
  table->schema = table::copy_of(run->output_schema());
  table->batches.push_back(table::share(std::move(rows)));
  return make_table(std::move(table));
}

// collect(seconds) -> over: keeps what comes, so that nothing is lost between two lines of Python.
PyObject* run_collect(PyObject* self, PyObject* arguments) {
  double most = 0;
  if (PyArg_ParseTuple(arguments, "d", &most) == 0) return nullptr;
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  HeldRun shared = held_by<HeldRun>(self);
  shared->consumed = true;
  auto time_is_up = std::chrono::steady_clock::now() + from_seconds(most);
  Turn turn = Turn::kBatch;
  while (turn != Turn::kOver && std::chrono::steady_clock::now() < time_is_up) {
    {
      Unlocked unlocked;
      auto look_at_signals = std::chrono::steady_clock::now() + kSlice;
      do {
        turn = run->turn(kSlice);
        if (turn == Turn::kBatch) shared->collected.push_back(table::share(run->take()));
      } while (turn == Turn::kBatch && std::chrono::steady_clock::now() < look_at_signals);
    }
    if (interrupted()) return nullptr;
  }
  return PyBool_FromLong(turn == Turn::kOver ? 1 : 0);
}

PyObject* run_collected(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  auto table = std::make_shared<KeptTable>();
  table->schema = table::copy_of(run->output_schema());
  table->batches = held_by<HeldRun>(self)->collected;
  return make_table(std::move(table));
}

PyObject* run_stop(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  run->stop();
  Py_RETURN_NONE;
}

PyObject* run_close(PyObject* self, PyObject*) {
  EngineRun* run = held_by<HeldRun>(self)->run.get();
  if (run->is_of_this_process()) {
    Unlocked unlocked;
    run->close();
  }
  Py_RETURN_NONE;
}

// (rows, ended, failed, attempts, in_flight, held_why or None), or None before the first tick
PyObject* run_progress(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  Progress now = run->progress();
  if (!now.started) Py_RETURN_NONE;
  std::int64_t failed = now.counts[Ending::kFailed] + now.counts[Ending::kUnreadable];
  return Py_BuildValue("(LLLLiz)", static_cast<long long>(now.rows_expected),
                       static_cast<long long>(now.counts.ended()), static_cast<long long>(failed),
                       static_cast<long long>(now.counts.attempts), now.in_flight,
                       now.held ? now.held_why.c_str() : nullptr);
}

PyObject* run_messages(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  Ref out(PyList_New(0));
  for (const Message& message : run->take_messages()) {
    Ref text(text_object(message.text));
    if (!out || !text) return nullptr;
    Ref pair(Py_BuildValue("(iO)", message.level, text.get()));
    if (!pair || PyList_Append(out.get(), pair.get()) != 0) return nullptr;
  }
  return out.release();
}

// After the end: raises when the run could not begin.
PyObject* run_report(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  if (!run->result()) {
    raise(run->result().error());
    return nullptr;
  }
  Ref json(text_object(run->report_json()));
  Ref closing(text_object(run->closing_text()));
  if (!json || !closing) return nullptr;
  return PyTuple_Pack(2, json.get(), closing.get());
}

PyObject* run_error(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  const Result<Report>& result = run->result();
  if (result && result->end == RunEnd::kComplete) Py_RETURN_NONE;
  const Error& error = result ? result->error : result.error();
  return Py_BuildValue("(ss)", name_of(error.code), error.text().c_str());
}

PyObject* run_failures(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  return make_table(run->failures());
}

PyObject* run_absent_rows(PyObject* self, PyObject*) {
  EngineRun* run = run_here(self);
  if (run == nullptr) return nullptr;
  Ref out(PyList_New(0));
  for (std::int64_t row : run->absent_rows()) {
    Ref number(PyLong_FromLongLong(row));
    if (!out || !number || PyList_Append(out.get(), number.get()) != 0) return nullptr;
  }
  return out.release();
}

PyMethodDef run_methods[] = {
    {"__arrow_c_stream__", with_keywords(&run_stream), METH_VARARGS | METH_KEYWORDS, nullptr},
    {"wait", run_wait, METH_VARARGS, nullptr},
    {"take", run_take, METH_NOARGS, nullptr},
    {"collect", run_collect, METH_VARARGS, nullptr},
    {"collected", run_collected, METH_NOARGS, nullptr},
    {"stop", run_stop, METH_NOARGS, nullptr},
    {"close", run_close, METH_NOARGS, nullptr},
    {"progress", run_progress, METH_NOARGS, nullptr},
    {"messages", run_messages, METH_NOARGS, nullptr},
    {"report", run_report, METH_NOARGS, nullptr},
    {"error", run_error, METH_NOARGS, nullptr},
    {"failures", run_failures, METH_NOARGS, nullptr},
    {"absent_rows", run_absent_rows, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyObject* run_new(PyTypeObject* type, PyObject* arguments, PyObject*) {
  PyObject* job_object = nullptr;
  PyObject* input = nullptr;
  long long rows = -1;
  const char* run_id = nullptr;
  const char* coordinator = "";
  const char* secret = "";
  if (PyArg_ParseTuple(arguments, "OOLs|ss", &job_object, &input, &rows, &run_id, &coordinator, &secret) ==
      0) {
    return nullptr;
  }
  const Job* job = job_of(job_object);
  OwnedStream stream;
  if (job == nullptr || !take_stream(input, stream)) return nullptr;
  Result<std::shared_ptr<EngineRun>> run = failure({});
  {
    Unlocked unlocked;
    run = EngineRun::make(*job, std::move(stream), {rows, run_id, {coordinator, secret}});
  }
  if (!run) {
    raise(run.error());
    return nullptr;
  }
  enter(*run);
  return make_holder<HeldRun>(type, std::make_shared<Shared>(Shared{*std::move(run), false, {}, {}}));
}

PyType_Slot run_slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(&run_new)},
    {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc_holder<HeldRun>)},
    {Py_tp_methods, run_methods},
    {0, nullptr},
};

PyType_Spec run_spec = {"rowcall._engine.Run", sizeof(Holder<HeldRun>), 0, Py_TPFLAGS_DEFAULT, run_slots};

}  // namespace

PyObject* make_run_type() {
  PyObject* type = PyType_FromSpec(&run_spec);
  run_type = reinterpret_cast<PyTypeObject*>(type);
  return type;
}

void close_all_runs() {
  std::vector<std::shared_ptr<EngineRun>> open;
  {
    std::lock_guard lock(registry_lock());
    for (const std::weak_ptr<EngineRun>& known : registry()) {
      if (auto run = known.lock()) open.push_back(std::move(run));
    }
  }
  for (const auto& run : open) run->close();
}

}  // namespace rowcall::python
