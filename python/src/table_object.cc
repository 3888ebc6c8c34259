// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "python/src/objects.h"

namespace rowcall::python {
namespace {

constexpr const char* kStreamName = "arrow_array_stream";

using HeldTable = std::shared_ptr<const KeptTable>;

PyTypeObject* table_type = nullptr;

void end_capsule(PyObject* capsule) {
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, kStreamName));
  if (stream == nullptr) {
    PyErr_WriteUnraisable(capsule);
    return;
  }
  if (stream->release != nullptr) stream->release(stream);
  delete stream;
}

// `requested_schema` is a wish that may be left unfulfilled, as the protocol says.
PyObject* table_stream(PyObject* self, PyObject*, PyObject*) {
  return stream_capsule(stream_of(held_by<HeldTable>(self)));
}

PyObject* table_rows(PyObject* self, void*) {
  return PyLong_FromLongLong(held_by<HeldTable>(self)->rows());
}

PyMethodDef table_methods[] = {
    {"__arrow_c_stream__", with_keywords(&table_stream), METH_VARARGS | METH_KEYWORDS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef table_members[] = {
    {"num_rows", &table_rows, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot table_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc_holder<HeldTable>)},
    {Py_tp_methods, table_methods},
    {Py_tp_getset, table_members},
    {0, nullptr},
};

PyType_Spec table_spec = {"rowcall._engine.Table", sizeof(Holder<HeldTable>), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, table_slots};

}  // namespace

PyObject* make_table_type() {
  PyObject* type = PyType_FromSpec(&table_spec);
  table_type = reinterpret_cast<PyTypeObject*>(type);
  return type;
}

PyObject* make_table(std::shared_ptr<const KeptTable> table) {
  return make_holder<HeldTable>(table_type, std::move(table));
}

PyObject* stream_capsule(OwnedStream stream) {
  auto given = std::make_unique<ArrowArrayStream>();
  stream.move_to(given.get());
  PyObject* capsule = PyCapsule_New(given.get(), kStreamName, &end_capsule);
  if (capsule == nullptr) {
    given->release(given.get());
    return nullptr;
  }
  [[maybe_unused]] auto* gone = given.release();
  return capsule;
}

bool take_stream(PyObject* object, OwnedStream& out) {
  Ref capsule(PyObject_CallMethod(object, "__arrow_c_stream__", nullptr));
  if (!capsule) return false;
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule.get(), kStreamName));
  if (stream == nullptr) return false;
  if (stream->release == nullptr) {
    PyErr_SetString(PyExc_ValueError, "the Arrow stream has been consumed already");
    return false;
  }
  out = OwnedStream(stream);
  return true;
}

}  // namespace rowcall::python
