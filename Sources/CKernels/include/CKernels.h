#pragma once
#include <stddef.h>
#include <stdint.h>
#include "PhantomKernels.h"
#include "TrainingKernels.h"
