#define _GNU_SOURCE
#include "CPseudoTerminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/// Starts a program in a session of its own, whose terminal is the one named.
///
/// Not by `fork`: OpenBLAS's threads are stopped before a fork, and a matrix product that another thread is in the middle
/// of would wait for them for ever.
static bool start_on(
  const char *terminal, pid_t *process, const char *path, char *const *arguments, char *const *environment) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  if (posix_spawnattr_init(&attributes) != 0) return false;
  if (posix_spawn_file_actions_init(&actions) != 0) {
    posix_spawnattr_destroy(&attributes);
    return false;
  }
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  // The leader of a new session takes the first terminal that it opens for its own.
  bool is_started =
    posix_spawnattr_setsigmask(&attributes, &none) == 0 && posix_spawnattr_setsigdefault(&attributes, &all) == 0
    && posix_spawnattr_setflags(
         &attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0
    && posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0) == 0
    && posix_spawn_file_actions_adddup2(&actions, 0, 1) == 0
    && posix_spawn_file_actions_adddup2(&actions, 0, 2) == 0
    && posix_spawn(process, path, &actions, &attributes, arguments, environment) == 0;
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return is_started;
}

bool pseudo_terminal_open(struct pseudo_terminal *result, int columns, int rows) {
  struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
  if (openpty(&result->master, &result->terminal, result->name, NULL, &size) != 0) {
    result->master = result->terminal = -1;
    return false;
  }
  fcntl(result->master, F_SETFD, FD_CLOEXEC);
  fcntl(result->terminal, F_SETFD, FD_CLOEXEC);
  return true;
}

bool pseudo_terminal_start(
  struct pseudo_terminal *terminal, const char *path, char *const *arguments, char *const *environment) {
  return start_on(terminal->name, &terminal->process, path, arguments, environment);
}

bool pseudo_terminal_resize(
  const struct pseudo_terminal *terminal, int columns, int rows, int pixel_width, int pixel_height) {
  struct winsize size = {
    .ws_col = (unsigned short)columns,
    .ws_row = (unsigned short)rows,
    .ws_xpixel = (unsigned short)pixel_width,
    .ws_ypixel = (unsigned short)pixel_height,
  };
  return ioctl(terminal->master, TIOCSWINSZ, &size) == 0;
}

size_t pseudo_terminal_modes(const struct pseudo_terminal *terminal, unsigned char *bytes, size_t size) {
  struct termios modes;
  memset(&modes, 0, sizeof modes);
  if (size < sizeof modes || tcgetattr(terminal->terminal, &modes) != 0) return 0;
  memcpy(bytes, &modes, sizeof modes);
  return sizeof modes;
}

ssize_t pseudo_terminal_read(
  const struct pseudo_terminal *terminal, unsigned char *bytes, size_t size, int milliseconds) {
  struct pollfd watched = {.fd = terminal->master, .events = POLLIN};
  int count = poll(&watched, 1, milliseconds);
  if (count == 0 || (count < 0 && errno == EINTR)) return 0;
  if (count < 0 || !(watched.revents & POLLIN)) return -1;
  ssize_t read_count = read(terminal->master, bytes, size);
  return read_count > 0 ? read_count : -1;
}

bool pseudo_terminal_write(const struct pseudo_terminal *terminal, const unsigned char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(terminal->master, bytes, count);
    if (written <= 0) return false;
    bytes += written;
    count -= (size_t)written;
  }
  return true;
}

bool pseudo_terminal_has_ended(const struct pseudo_terminal *terminal, int *status) {
  return waitpid(terminal->process, status, WNOHANG) == terminal->process;
}

void pseudo_terminal_close(const struct pseudo_terminal *terminal) {
  close(terminal->master);
  close(terminal->terminal);
}
