// SPDX-License-Identifier: Apache-2.0
#include "python/src/python_value.h"

#include <string>
#include <utility>

namespace rowcall::python {
namespace {

bool to_text(PyObject* object, std::string& out) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(object, &size);
  if (text == nullptr) return false;
  out.assign(text, static_cast<std::size_t>(size));
  return true;
}

bool to_list(PyObject* object, settings::Value& out) {
  settings::List list;
  Py_ssize_t size = PySequence_Size(object);
  for (Py_ssize_t i = 0; i < size; ++i) {
    Ref item(PySequence_GetItem(object, i));
    if (!item || !to_value(item.get(), list.emplace_back())) return false;
  }
  out = settings::Value(std::move(list));
  return size >= 0;
}

bool to_table(PyObject* object, settings::Value& out) {
  settings::Table table;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(object, &position, &key, &value) != 0) {
    settings::Entry& entry = table.emplace_back();
    if (PyUnicode_Check(key) == 0) {
      PyErr_SetString(PyExc_TypeError, "the names in a table of settings must be str");
      return false;
    }
    if (!to_text(key, entry.name) || !to_value(value, entry.value)) return false;
  }
  out = settings::Value(std::move(table));
  return true;
}

}  // namespace

bool to_value(PyObject* object, settings::Value& out) {
  if (PyBool_Check(object) != 0) {
    out = settings::Value(object == Py_True);
    return true;
  }
  if (PyLong_Check(object) != 0) {
    std::int64_t whole = PyLong_AsLongLong(object);
    out = settings::Value(whole);
    return PyErr_Occurred() == nullptr;
  }
  if (PyFloat_Check(object) != 0) {
    out = settings::Value(PyFloat_AsDouble(object));
    return true;
  }
  if (PyUnicode_Check(object) != 0) {
    std::string text;
    if (!to_text(object, text)) return false;
    out = settings::Value(std::move(text));
    return true;
  }
  if (PyList_Check(object) != 0 || PyTuple_Check(object) != 0) return to_list(object, out);
  if (PyDict_Check(object) != 0) return to_table(object, out);
  Ref type(PyObject_Str(reinterpret_cast<PyObject*>(Py_TYPE(object))));
  if (type)
    PyErr_Format(PyExc_TypeError, "a setting is a bool, int, float, str, list or dict, not %U", type.get());
  return false;
}

PyObject* to_object(const settings::Value& value) {
  if (const bool* truth = value.truth()) return PyBool_FromLong(*truth ? 1 : 0);
  if (const std::int64_t* whole = value.whole()) return PyLong_FromLongLong(*whole);
  if (const double* real = value.real()) return PyFloat_FromDouble(*real);
  if (const std::string* text = value.text()) return text_object(*text);
  if (const settings::List* list = value.list()) {
    Ref out(PyList_New(0));
    for (const settings::Value& item : *list) {
      Ref object(to_object(item));
      if (!out || !object || PyList_Append(out.get(), object.get()) != 0) return nullptr;
    }
    return out.release();
  }
  Ref out(PyDict_New());
  for (const settings::Entry& entry : *value.table()) {
    Ref name(text_object(entry.name));
    Ref object(to_object(entry.value));
    if (!out || !name || !object || PyDict_SetItem(out.get(), name.get(), object.get()) != 0) return nullptr;
  }
  return out.release();
}

}  // namespace rowcall::python
