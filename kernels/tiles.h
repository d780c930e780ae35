/* The tiles there are: up to SAITAMA_ROWS rows of up to SAITAMA_WIDE vectors, each a function by itself.

Design: how large a tile may be is a matter of registers. 32 of them hold 8 x 3 sums, 3 vectors of b and a number of a;
16 hold 4 x 3, 3 and 1. The smaller ones are for the edges of a product, so that no row and no vector is computed in
vain. A tile compiled into the loops around it does not get all the registers, so each stands apart, in a table. */
#ifndef SAITAMA_TILES_H
#define SAITAMA_TILES_H

#include "tile.h"

#if defined(__AVX512F__) || defined(__aarch64__)
#define SAITAMA_ROWS 8
#define SAITAMA_WIDE 3
#define SAITAMA_EACH_WIDTH(what, ...) what(__VA_ARGS__, 1) what(__VA_ARGS__, 2) what(__VA_ARGS__, 3)
#define SAITAMA_EACH_HEIGHT(what, ...)                                                                                \
    what(__VA_ARGS__, 1) what(__VA_ARGS__, 2) what(__VA_ARGS__, 3) what(__VA_ARGS__, 4)                               \
    what(__VA_ARGS__, 5) what(__VA_ARGS__, 6) what(__VA_ARGS__, 7) what(__VA_ARGS__, 8)
#else
#define SAITAMA_ROWS 4
#define SAITAMA_WIDE 3
#define SAITAMA_EACH_WIDTH(what, ...) what(__VA_ARGS__, 1) what(__VA_ARGS__, 2) what(__VA_ARGS__, 3)
#define SAITAMA_EACH_HEIGHT(what, ...)                                                                                \
    what(__VA_ARGS__, 1) what(__VA_ARGS__, 2) what(__VA_ARGS__, 3) what(__VA_ARGS__, 4)
#endif
#define SAITAMA_TILE (SAITAMA_ROWS * SAITAMA_WIDE * SAITAMA_VECTOR / 4) /* numbers of a tile, at most */

typedef struct {
    Py_ssize_t rows, vectors, k;  /* (rows, k) @ (k, vectors) */
    Py_ssize_t row_begin;         /* from row to row of what is added to */
    Py_ssize_t row_a, step_a;     /* from row to row and along a row of a, whose numbers are taken one by one */
    Py_ssize_t row_b;             /* the columns of b lie side by side */
    Py_ssize_t row_out;
} saitama_tile;

/* Vectors of the next tile, with so many columns to go: as many as can be, but none is left alone. */
static Py_ssize_t saitama_tile_vectors(Py_ssize_t columns, Py_ssize_t lanes) {
    Py_ssize_t left = (columns + lanes - 1) / lanes;
    return left == SAITAMA_WIDE + 1 ? (left + 1) / 2 : left < SAITAMA_WIDE ? left : SAITAMA_WIDE;
}

/* Have the memory system bring what the next tile adds to, while this one computes: `rows` rows of `nbytes`. */
SAITAMA_INLINE void saitama_fetch_rows(const void *out, Py_ssize_t row_bytes, Py_ssize_t rows, Py_ssize_t nbytes) {
    Py_ssize_t i, line;
    for (i = 0; i < rows; i++)
        for (line = 0; line < nbytes; line += 64) SAITAMA_FETCH((const char *)out + i * row_bytes + line);
}

/* A tile of a size is called by it: saitama_tile_d_4x3. The highest ones are there twice more, for a packed b and an a
   whose rows are in order or packed too: where the numbers of the next steps lie is constant then. */
#define SAITAMA_TILE_APART(name, called, number, row_a, step_a, row_b, in_order, rows, vectors)                       \
    SAITAMA_APART void called##_##rows##x##vectors(const saitama_tile *t, const number *begin, const number *a,       \
                                                   const number *b, const number *bias, number *out) {                \
        enum { WIDTH = (vectors) * SAITAMA_VECTOR / sizeof(number) };                                                 \
        name(begin, t->row_begin, a, row_a, step_a, b, row_b, t->k, bias, out, t->row_out, rows, WIDTH, in_order);    \
    }
#define SAITAMA_TILES_APART(name, number, rows)                                                                       \
    SAITAMA_EACH_WIDTH(SAITAMA_TILE_APART, name, name, number, t->row_a, t->step_a, t->row_b, 0, rows)
#define SAITAMA_TILE_NAME(name, rows, vectors) name##_##rows##x##vectors,
#define SAITAMA_TILE_NAMES(name, rows) {SAITAMA_EACH_WIDTH(SAITAMA_TILE_NAME, name, rows)},

/* out (rows, columns) = begin (rows, columns) + a (rows, k) @ b (k, columns) + bias (columns,). */
#define SAITAMA_DEFINE_TILES(run, name, number)                                                                       \
    SAITAMA_EACH_HEIGHT(SAITAMA_TILES_APART, name, number)                                                            \
    SAITAMA_EACH_WIDTH(SAITAMA_TILE_APART, name, name##_in_order, number, t->row_a, 1, WIDTH, 1, SAITAMA_ROWS)        \
    SAITAMA_EACH_WIDTH(SAITAMA_TILE_APART, name, name##_packed, number, 1, SAITAMA_ROWS, WIDTH, 1, SAITAMA_ROWS)      \
    typedef void (*name##_kind)(const saitama_tile *, const number *, const number *, const number *, const number *, \
                                number *);                                                                            \
    static const name##_kind name##_table[SAITAMA_ROWS + 2][SAITAMA_WIDE] = {                                         \
        SAITAMA_EACH_HEIGHT(SAITAMA_TILE_NAMES, name) SAITAMA_TILE_NAMES(name##_in_order, SAITAMA_ROWS)               \
            SAITAMA_TILE_NAMES(name##_packed, SAITAMA_ROWS)};                                                         \
    SAITAMA_INLINE void run(const saitama_tile *t, const number *begin, const number *a, const number *b,             \
                            const number *bias, number *out) {                                                        \
        Py_ssize_t kind = t->rows - 1;                                                                                \
        if (t->rows == SAITAMA_ROWS && t->row_b == t->vectors * SAITAMA_VECTOR / (Py_ssize_t)sizeof(number))          \
            kind += t->step_a == 1 ? 1 : t->row_a == 1 && t->step_a == SAITAMA_ROWS ? 2 : 0;                          \
        name##_table[kind][t->vectors - 1](t, begin, a, b, bias, out);                                                \
    }
SAITAMA_DEFINE_TILES(saitama_run_tile_d, saitama_tile_d, double)
SAITAMA_DEFINE_TILES(saitama_run_tile_f, saitama_tile_f, float)

#endif
