// What every operator that becomes a convolution shares.
#ifndef CVY_CONV_H
#define CVY_CONV_H

#include "plan/plan.h"

// Slots and costs of an OP_CONV problem that is complete. LIMIT if its weights are too many.
cvy_status conv_request(struct plan_request *request);

#endif
