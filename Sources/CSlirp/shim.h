#pragma once
#include <slirp/libslirp.h>
#include <slirp/libslirp-version.h>
