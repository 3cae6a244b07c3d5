#pragma once

#include <stdbool.h>
#include <stddef.h>

// What the terminal's description says. Apart from the rest because <term.h> makes macros of everyday words.

/// Whether the open terminal has a capability that begins with these bytes.
bool capability_begins(const char *name, const char *bytes);

/// Writes the bytes that end colours, key modes, a hidden cursor and the alternate screen. Returns their number.
size_t capability_reset_bytes(char *bytes, size_t size);
