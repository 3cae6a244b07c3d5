#define _GNU_SOURCE
#include "CPseudoTerminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

bool pseudo_terminal_start(
  struct pseudo_terminal *result, const char *path, char *const *arguments, char *const *environment, int columns,
  int rows) {
  struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
  if (openpty(&result->master, &result->terminal, NULL, NULL, &size) != 0) return false;
  fcntl(result->master, F_SETFD, FD_CLOEXEC);
  fcntl(result->terminal, F_SETFD, FD_CLOEXEC);
  result->process = fork();
  if (result->process < 0) {
    pseudo_terminal_close(result);
    return false;
  }
  if (result->process == 0) {
    // Between fork and exec of a threaded program only simple calls are allowed.
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
    if (login_tty(result->terminal) != 0) _exit(127);
    execve(path, arguments, environment);
    _exit(127);
  }
  return true;
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
