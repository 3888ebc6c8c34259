// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "python/src/objects.h"
#include "python/src/python_value.h"
#include "settings/job_text.h"
#include "settings/load.h"
#include "settings/setting.h"

namespace rowcall::python {
namespace {

using HeldJob = std::shared_ptr<const Job>;

PyTypeObject* job_type = nullptr;

PyObject* job_toml(PyObject* self, PyObject*) {
  return text_object(settings::to_toml(*held_by<HeldJob>(self)));
}

PyObject* job_get(PyObject* self, PyObject* arguments) {
  const char* key = nullptr;
  if (PyArg_ParseTuple(arguments, "s", &key) == 0) return nullptr;
  const settings::Setting* setting = settings::find(key);
  if (setting == nullptr) {
    PyErr_Format(PyExc_KeyError, "%s", key);
    return nullptr;
  }
  return to_object(setting->get(*held_by<HeldJob>(self)));
}

PyObject* job_compare(PyObject* self, PyObject* other, int how) {
  if (!Py_IS_TYPE(other, job_type) || (how != Py_EQ && how != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  bool equal = *held_by<HeldJob>(self) == *held_by<HeldJob>(other);
  return PyBool_FromLong(equal == (how == Py_EQ) ? 1 : 0);
}

PyMethodDef job_methods[] = {
    {"toml", job_toml, METH_NOARGS, nullptr},
    {"get", job_get, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot job_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc_holder<HeldJob>)},
    {Py_tp_richcompare, reinterpret_cast<void*>(&job_compare)},
    {Py_tp_hash, reinterpret_cast<void*>(&PyObject_HashNotImplemented)},
    {Py_tp_methods, job_methods},
    {0, nullptr},
};

PyType_Spec job_spec = {"rowcall._engine.Job", sizeof(Holder<HeldJob>), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, job_slots};

bool read_given(PyObject* values, std::vector<settings::GivenValue>& out) {
  Py_ssize_t size = PySequence_Size(values);
  for (Py_ssize_t i = 0; i < size; ++i) {
    Ref item(PySequence_GetItem(values, i));
    const char* key = nullptr;
    const char* place = nullptr;
    PyObject* value = nullptr;
    if (!item || PyArg_ParseTuple(item.get(), "sOs", &key, &value, &place) == 0) return false;
    settings::GivenValue& given = out.emplace_back();
    given.key = key;
    given.place = place;
    if (!to_value(value, given.value)) return false;
  }
  return size >= 0;
}

PyObject* exports_object(const NamedTexts& exports) {
  Ref out(PyDict_New());
  for (const auto& [name, value] : exports) {
    Ref text(text_object(value));
    if (!out || !text || PyDict_SetItemString(out.get(), name.c_str(), text.get()) != 0) return nullptr;
  }
  return out.release();
}

}  // namespace

PyObject* make_job_type() {
  PyObject* type = PyType_FromSpec(&job_spec);
  job_type = reinterpret_cast<PyTypeObject*>(type);
  return type;
}

const Job* job_of(PyObject* object) {
  if (Py_IS_TYPE(object, job_type)) return held_by<HeldJob>(object).get();
  PyErr_SetString(PyExc_TypeError, "not a rowcall._engine.Job");
  return nullptr;
}

PyObject* load_job(PyObject*, PyObject* arguments) {
  const char* job_file = nullptr;
  const char* env_file = nullptr;
  int use_env_file = 1;
  int brings_source = 1;
  PyObject* values = nullptr;
  if (PyArg_ParseTuple(arguments, "zzppO", &job_file, &env_file, &use_env_file, &brings_source, &values) ==
      0) {
    return nullptr;
  }
  settings::Layers layers;
  if (job_file != nullptr) layers.job_file = job_file;
  if (env_file != nullptr) layers.env_file = env_file;
  layers.use_env_file = use_env_file != 0;
  layers.environment = settings::process_environment();
  layers.brought.source = brings_source != 0;
  if (!read_given(values, layers.values)) return nullptr;
  Result<settings::Loaded> loaded = settings::load(layers);
  if (!loaded) {
    raise(loaded.error());
    return nullptr;
  }
  Ref exports(exports_object(loaded->exports));
  if (!exports) return nullptr;
  Ref job(make_holder<HeldJob>(job_type, std::make_shared<const Job>(std::move(loaded->job))));
  if (!job) return nullptr;
  return PyTuple_Pack(2, job.get(), exports.get());
}

}  // namespace rowcall::python
