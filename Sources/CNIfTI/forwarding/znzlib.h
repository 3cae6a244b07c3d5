#pragma once
// nifti1_io.h asks for <znzlib.h>, which the system installs as <nifti/znzlib.h>.
#include <nifti/znzlib.h>
