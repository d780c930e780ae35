/* What packing the operands of a product takes by itself: kernels/pack.h on whole matrices, in runs of `depth` steps
   along k as in kernels/tiled.pxi, each to the same place. */
#include "pack.h"

/* b (k, n): its panels. */
#define PACK_B(name, number, pack_panels)                                                                             \
    void name(const number *b, long next_column, long next_k, long n, long k, long depth, number *out) {              \
        for (long start = 0; start < k; start += depth)                                                               \
            pack_panels(b + start * next_k, next_column, next_k, n, k - start < depth ? k - start : depth, out);      \
    }
PACK_B(pack_b_float64, double, saitama_pack_panels_d)
PACK_B(pack_b_float32, float, saitama_pack_panels_f)

/* a (m, k): four tiles of rows at a time. */
#define PACK_A(name, number, pack_groups)                                                                             \
    void name(const number *a, long next_row, long next_k, long m, long k, long depth, number *out) {                 \
        const long block = 4 * SAITAMA_ROWS;                                                                          \
        for (long start = 0; start < k; start += depth)                                                               \
            for (long i = 0; i < m; i += block)                                                                       \
                pack_groups(a + i * next_row + start * next_k, next_row, next_k, m - i < block ? m - i : block,       \
                            k - start < depth ? k - start : depth, out, SAITAMA_ROWS);                                \
    }
PACK_A(pack_a_float64, double, saitama_pack_groups_d)
PACK_A(pack_a_float32, float, saitama_pack_groups_f)
