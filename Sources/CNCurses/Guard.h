#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

// The guard: signal handlers that give the terminal back, and the pipe that ends waits.

/// Remembers how the terminal was and watches the signals. Call before curses changes anything.
bool guard_begin(int descriptor);

/// Installs the handlers and holds standard error back. `bytes` is what the terminal must be sent to be as before.
void guard_arm(const char *bytes, size_t count);

/// Says whether the screen is taken at present: between false and true nothing needs giving back.
void guard_set_screen_taken(bool taken);

/// Takes the handlers away, and shows what was written to standard error.
void guard_end(void);

/// Writes everything, over interruptions; for signal handlers too.
void guard_write(int descriptor, const char *bytes, size_t count);

/// Puts the terminal's modes back as they were.
void guard_restore_modes(int when);

/// Stops the process with SIGTSTP's default action; returns when it goes on.
void guard_stop_process(void);
