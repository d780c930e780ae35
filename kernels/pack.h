/* Packing: parts of an operand of a product, copied to where a tile reads them in order.

Design: lanes are rows of a or columns of b. What a tile reads at one step along k, a number of each of its lanes, is
put side by side: (k, width). A copy follows the lines of memory. Where lanes lie side by side it takes a few steps of
all groups of lanes before the next few: what is written is one stream at a time, and a line that two groups share is
still in the first cache for the second of them, even where the lines of these steps compete for the same few places.
Where each lane is a line of its own, it goes a few lanes at a time, as lines that are a power of two apart compete too,
and transposes them on the way (turn.h). A group's width is a constant where it can be: a call of memcpy for each takes
longer than the copy. */
#ifndef SAITAMA_PACK_H
#define SAITAMA_PACK_H

#include <string.h>

#include "tiles.h"
#include "turn.h"

#define SAITAMA_PACK_STEPS 8 /* along k, that are copied group by group */

#define SAITAMA_DEFINE_PACK(pack, pack_groups, pack_panels, number, turn, together)                                   \
    /* Lanes that lie side by side, in groups of a constant width, one behind the other. */                           \
    SAITAMA_INLINE void pack##_along(const number *x, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k, number *out, \
                                     const Py_ssize_t width) {                                                        \
        Py_ssize_t begin, end, p, i;                                                                                  \
        for (begin = 0; begin < k; begin = end) {                                                                     \
            end = begin + SAITAMA_PACK_STEPS < k ? begin + SAITAMA_PACK_STEPS : k;                                    \
            for (i = 0; i + width <= lanes; i += width)                                                               \
                for (p = begin; p < end; p++)                                                                         \
                    memcpy(out + i * k + p * width, x + p * next_k + i, width * sizeof(number));                      \
        }                                                                                                             \
    }                                                                                                                 \
    /* `lanes` rows of a or columns of b, of k numbers each, as (k, width), with zeros in the lanes that are          \
       missing. */                                                                                                    \
    static void pack(const number *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k,        \
                     number *out, Py_ssize_t width) {                                                                 \
        Py_ssize_t p, lane;                                                                                           \
        if (lanes < width) memset(out, 0, k * width * sizeof(number));                                                \
        if (next_lane == 1) {                                                                                         \
            for (p = 0; p < k; p++) memcpy(out + p * width, x + p * next_k, lanes * sizeof(number));                  \
            return;                                                                                                   \
        }                                                                                                             \
        for (; next_k == 1 && lanes >= together; lanes -= together, x += together * next_lane, out += together)       \
            turn(x, next_lane, k, out, width);                                                                        \
        for (p = 0; p < k; p++)                                                                                       \
            for (lane = 0; lane < lanes; lane++) out[p * width + lane] = x[p * next_k + lane * next_lane];            \
    }                                                                                                                 \
    /* Tiles of rows of a, or panels of b: `width` lanes each, one behind the other. */                               \
    static void pack_groups(const number *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k, \
                            number *out, Py_ssize_t width) {                                                          \
        enum { WIDE = SAITAMA_WIDE * SAITAMA_VECTOR / sizeof(number) };                                               \
        Py_ssize_t i = 0;                                                                                             \
        if (next_lane == 1 && width == SAITAMA_ROWS)                                                                  \
            pack##_along(x, next_k, lanes, k, out, SAITAMA_ROWS);                                                     \
        else if (next_lane == 1 && width == WIDE)                                                                     \
            pack##_along(x, next_k, lanes, k, out, WIDE);                                                             \
        if (next_lane == 1 && (width == SAITAMA_ROWS || width == WIDE)) i = lanes / width * width;                    \
        for (; i < lanes; i += width)                                                                                 \
            pack(x + i * next_lane, next_lane, next_k, lanes - i < width ? lanes - i : width, k, out + i * k, width); \
    }                                                                                                                 \
    /* b (k, n) with any strides as panels, each as wide as its tile: that of column j begins at out + j * k. */      \
    static void pack_panels(const number *b, Py_ssize_t next_column, Py_ssize_t next_k, Py_ssize_t n, Py_ssize_t k,   \
                            number *out) {                                                                            \
        enum { LANES = SAITAMA_VECTOR / sizeof(number), WIDE = SAITAMA_WIDE * LANES };                                \
        Py_ssize_t j = 0, width;                                                                                      \
        while (n - j >= WIDE && saitama_tile_vectors(n - j, LANES) == SAITAMA_WIDE) j += WIDE;                        \
        pack_groups(b, next_column, next_k, j, k, out, WIDE);                                                         \
        for (; j < n; j += width) {                                                                                   \
            width = saitama_tile_vectors(n - j, LANES) * LANES;                                                       \
            pack(b + j * next_column, next_column, next_k, n - j < width ? n - j : width, k, out + j * k, width);     \
        }                                                                                                             \
    }
SAITAMA_DEFINE_PACK(saitama_pack_d, saitama_pack_groups_d, saitama_pack_panels_d, double, saitama_turn_d,
                    SAITAMA_TURN_D)
SAITAMA_DEFINE_PACK(saitama_pack_f, saitama_pack_groups_f, saitama_pack_panels_f, float, saitama_turn_f,
                    SAITAMA_TURN_F)

#endif
