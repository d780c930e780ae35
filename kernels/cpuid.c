/* saitama.cpuid: what an x86 processor says of itself, in its own numbers; saitama/tensor/cpu.py reads them.

   It is asked before the kernels are imported, as an unknown instruction ends a process without a word. So this is a
   module of its own, and compiled for any processor. It asks the processor, not the operating system: an emulator may
   show the instructions of the machine below it. */
#include <Python.h>

#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
#include <immintrin.h>
#include <intrin.h>
static void ask(unsigned leaf, unsigned part, unsigned *answer) { __cpuidex((int *)answer, (int)leaf, (int)part); }
static unsigned long long saved_registers(void) { return _xgetbv(0); }
#define SAITAMA_X86
#elif defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
static void ask(unsigned leaf, unsigned part, unsigned *answer) {
    __cpuid_count(leaf, part, answer[0], answer[1], answer[2], answer[3]);
}
static unsigned long long saved_registers(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}
#define SAITAMA_X86
#endif

#ifdef SAITAMA_X86
static PyObject *cpuid(PyObject *self, PyObject *arguments) {
    unsigned leaf, part, last[4], answer[4] = {0};
    if (!PyArg_ParseTuple(arguments, "II", &leaf, &part))
        return NULL;
    ask(leaf & 0x80000000u, 0, last); /* says which is the last leaf of this range */
    if (leaf <= last[0])
        ask(leaf, part, answer);
    return Py_BuildValue("(IIII)", answer[0], answer[1], answer[2], answer[3]);
}

static PyObject *xcr0(PyObject *self, PyObject *nothing) {
    unsigned answer[4];
    ask(1, 0, answer);
    return PyLong_FromUnsignedLongLong(answer[2] >> 27 & 1 ? saved_registers() : 0); /* bit OSXSAVE: it may be read */
}
#endif

static PyMethodDef methods[] = {
#ifdef SAITAMA_X86
    {"cpuid", cpuid, METH_VARARGS, "cpuid(leaf, part) -> (eax, ebx, ecx, edx); zeros where there is no such leaf."},
    {"xcr0", xcr0, METH_NOARGS, "Which registers the operating system saves; 0 if it does not say."},
#endif
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "saitama.cpuid", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_cpuid(void) { return PyModule_Create(&module); }
