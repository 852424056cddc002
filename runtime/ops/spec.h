// OP-SPEC text: one line that names a problem, printed from params whose defaults are filled in
// (padding_rule BEGIN_END, groups 1, ...). Canonical: equal problems, equal text.
#ifndef CVY_SPEC_H
#define CVY_SPEC_H

#include "common/common.h"

#define SPEC_BYTES sizeof(((cvy_plan_info *)NULL)->spec)

void spec_of_conv(const cvy_conv_params *params, char *out);
void spec_of_conv_transpose(const cvy_conv_transpose_params *params, char *out);
void spec_of_pool(const cvy_pool_params *params, char *out);
void spec_of_max_unpool(const cvy_max_unpool_params *params, char *out);
void spec_of_separable(const cvy_separable_params *params, char *out);
void spec_of_linear(const cvy_linear_params *params, char *out);
void spec_of_activation(const cvy_activation_params *params, char *out);
void spec_of_concat(const cvy_concat_params *params, char *out);
void spec_of_copy(const cvy_copy_params *params, char *out);
void spec_of_softmax(const cvy_softmax_params *params, char *out);

#endif
