#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// Runs a program on a pseudo-terminal, for tests of what a user would see.

struct pseudo_terminal {
  /// What the program writes is read here; what is written here are keys.
  int master;
  /// The terminal itself, kept open so that its modes can be read after the program has ended.
  int terminal;
  /// Where it lies among the files.
  char name[64];
  pid_t process;
};

/// Makes a terminal, in cells. Returns false if that failed.
bool pseudo_terminal_open(struct pseudo_terminal *result, int columns, int rows);

/// Starts a program as the leader of a session with the terminal as its own. Returns false if that failed.
bool pseudo_terminal_start(
  struct pseudo_terminal *terminal, const char *path, char *const *arguments, char *const *environment);

/// Gives the terminal another size, in cells and in pixels; the program gets SIGWINCH.
bool pseudo_terminal_resize(
  const struct pseudo_terminal *terminal, int columns, int rows, int pixel_width, int pixel_height);

/// Copies the terminal's modes, as bytes to compare. Returns their number, 0 if they cannot be read.
size_t pseudo_terminal_modes(const struct pseudo_terminal *terminal, unsigned char *bytes, size_t size);

/// Reads what the program has written. Waits at most so long for the first byte. Returns the number of bytes, 0 when
/// the time is over, -1 when there will be no more.
ssize_t pseudo_terminal_read(
  const struct pseudo_terminal *terminal, unsigned char *bytes, size_t size, int milliseconds);

/// Sends keys.
bool pseudo_terminal_write(const struct pseudo_terminal *terminal, const unsigned char *bytes, size_t count);

/// Whether the program has ended; `status` receives what waitpid says.
bool pseudo_terminal_has_ended(const struct pseudo_terminal *terminal, int *status);

/// Closes the descriptors.
void pseudo_terminal_close(const struct pseudo_terminal *terminal);
