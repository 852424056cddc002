// What the ways to multiply matrices share. Declares no algorithm.
#ifndef CVY_MATMUL_H
#define CVY_MATMUL_H

#include "algo/common.h"

// Axes of the problem's tensors behind the four of the batch: src [.., M, K], src2 [.., K, N].
enum { MATMUL_ROWS = 4, MATMUL_COLUMNS = 5, MATMUL_BATCHES = 4 };

// K; batch sizes 1 to 3, M, N; strides of src, src2, bias and dst: thirty "l".
void step_matmul(struct step *step, const struct problem *problem);
int64_t matmul_depth(const struct problem *problem);            // K
int64_t matmul_batch(const struct problem *problem);            // matrices in dst
double matmul_macs(const struct problem *problem);

// Packs src2 as [batch][n / block][k][block], zeros behind the last n, into scratch; a batch that
// repeats once. A block is `vectors` of the device's. Gives src2 with the batch strides of that.
struct tensor matmul_pack(struct plan_builder *builder, const struct problem *problem,
                          int vectors, struct operand *packed);
struct instance matmul_pack_instance(const struct device *device, int vectors);

#endif
