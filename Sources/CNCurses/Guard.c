#define _GNU_SOURCE
#include "Guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "CNCurses.h"

// Everything below that a handler touches is set before the handlers are installed, or is a lock-free atomic.

static int terminal_descriptor = -1;
static struct termios modes_before;
static char restore_bytes[1024];
static size_t restore_count;
static atomic_bool screen_taken;
static atomic_int pending;
static atomic_int ending_signal;
static int wake_pipe[2] = {-1, -1};
static int real_error = -1;
static int held_error = -1;

enum { seconds_to_end = 3, most_held_error = 65536 };

static const int ending_signals[] = {SIGTERM, SIGHUP, SIGINT};
static const int crash_signals[] = {SIGSEGV, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGQUIT};
// What else ends a process that says nothing about them; some shells and batch systems send them.
static const int deadly_signals[] = {SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGSYS, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT};
static const int other_signals[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGALRM};
static struct sigaction actions_before[NSIG];

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void guard_write(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count);
    if (written < 0) {
      if (errno == EINTR) continue;
      return;
    }
    bytes += written;
    count -= (size_t)written;
  }
}

void guard_restore_modes(int when) {
  if (terminal_descriptor >= 0) tcsetattr(terminal_descriptor, when, &modes_before);
}

// For handlers: a terminal that takes nothing, whose line is slow or whose window hangs, must not keep the process. What
// it has not taken of a frame is dropped, so that there is room.
static void write_without_waiting(int descriptor, const char *bytes, size_t count) {
  struct pollfd room = {.fd = descriptor, .events = POLLOUT};
  if (poll(&room, 1, 0) == 0) tcflush(descriptor, TCOFLUSH);
  int flags = fcntl(descriptor, F_GETFL);
  // The terminal may be the shell's too: its mode is put back.
  if (flags >= 0) fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
  guard_write(descriptor, bytes, count);
  if (flags >= 0) fcntl(descriptor, F_SETFL, flags);
}

// What was written to standard error while the screen was taken goes to the real one, its end if it is long.
static void show_held_error(void (*show)(int, const char *, size_t)) {
  if (held_error < 0) return;
  dup2(real_error, STDERR_FILENO);
  off_t size = lseek(held_error, 0, SEEK_END);
  off_t position = size > most_held_error ? size - most_held_error : 0;
  char buffer[4096];
  while (position < size) {
    ssize_t count = pread(held_error, buffer, sizeof buffer, position);
    if (count <= 0) break;
    show(STDERR_FILENO, buffer, (size_t)count);
    position += count;
  }
  close(held_error);
  close(real_error);
  held_error = real_error = -1;
}

static void hold_error(void) {
  if (held_error >= 0 || !isatty(STDERR_FILENO)) return;
  int memory = memfd_create("standard-error", MFD_CLOEXEC);
  if (memory < 0) return;
  int copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (copy < 0 || dup2(memory, STDERR_FILENO) < 0) {
    if (copy >= 0) close(copy);
    close(memory);
    return;
  }
  real_error = copy;
  held_error = memory;
}

// Only calls that POSIX lists as safe in a signal handler.
static void give_back_now(void) {
  if (atomic_exchange(&screen_taken, false)) {
    write_without_waiting(terminal_descriptor, restore_bytes, restore_count);
    // A process in the background may not set modes: with SIGTTOU ignored it may, and does not stop here.
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGTTOU, &ignore, &before);
    guard_restore_modes(TCSANOW);
    sigaction(SIGTTOU, &before, NULL);
  }
  show_held_error(write_without_waiting);
}

static void end_by(int number) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigaction(number, &standard, NULL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  pthread_sigmask(SIG_UNBLOCK, &only, NULL);
  raise(number);
}

static void end_wait(int reason) {
  int error = errno;
  atomic_fetch_or(&pending, reason);
  if (wake_pipe[1] >= 0) {
    char byte = 0;
    // A full pipe ends the wait as well.
    ssize_t ignored = write(wake_pipe[1], &byte, 1);
    (void)ignored;
  }
  errno = error;
}

static void handle_crash(int number) {
  give_back_now();
  if (number == SIGQUIT) end_by(number);
  // Whoever handled it before, a backtrace printer for instance, sees it now; else the process ends by it.
  sigaction(number, &actions_before[number], NULL);
  raise(number);
}

// The program is told and has a little time to end by itself; a second signal or the alarm does not wait.
static void handle_ending(int number) {
  int none = 0;
  if (atomic_compare_exchange_strong(&ending_signal, &none, number)) {
    alarm(seconds_to_end);
    end_wait(TERMINAL_TERMINATE);
  } else {
    give_back_now();
    end_by(number);
  }
}

static void handle_other(int number) {
  switch (number) {
    case SIGWINCH: end_wait(TERMINAL_RESIZED); break;
    case SIGTSTP: end_wait(TERMINAL_SUSPEND); break;
    case SIGCONT: end_wait(TERMINAL_CONTINUED); break;
    case SIGALRM:
      if (atomic_load(&ending_signal) != 0) {
        give_back_now();
        end_by(atomic_load(&ending_signal));
      }
      break;
  }
}

static void handle_exit(void) { give_back_now(); }

static void install(const int *signals, size_t count, void (*handler)(int), int flags) {
  for (size_t index = 0; index < count; index++) {
    // An ignored SIGHUP or SIGINT, or SIGXFSZ, was ignored on purpose, by nohup for instance.
    if (flags == SA_RESTART && actions_before[signals[index]].sa_handler == SIG_IGN) continue;
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(signals[index], &action, NULL);
  }
}

static void for_each_signal(void (*visit)(int)) {
  for (size_t index = 0; index < COUNT(ending_signals); index++) visit(ending_signals[index]);
  for (size_t index = 0; index < COUNT(crash_signals); index++) visit(crash_signals[index]);
  for (size_t index = 0; index < COUNT(deadly_signals); index++) visit(deadly_signals[index]);
  for (size_t index = 0; index < COUNT(other_signals); index++) visit(other_signals[index]);
}

static void remember_action(int number) { sigaction(number, NULL, &actions_before[number]); }
static void put_action_back(int number) { sigaction(number, &actions_before[number], NULL); }

bool guard_begin(int descriptor) {
  if (tcgetattr(descriptor, &modes_before) != 0) return false;
  if (wake_pipe[0] < 0 && pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  terminal_descriptor = descriptor;
  for_each_signal(remember_action);
  return true;
}

void guard_arm(const char *bytes, size_t count) {
  static bool registered;
  restore_count = count < sizeof restore_bytes ? count : sizeof restore_bytes;
  memcpy(restore_bytes, bytes, restore_count);
  atomic_store(&pending, 0);
  atomic_store(&ending_signal, 0);
  hold_error();
  if (!registered) registered = atexit(handle_exit) == 0;

  // A handler of a stack overflow needs another stack; it is this thread's, and stays.
  static char other_stack[64 * 1024];
  stack_t present;
  if (sigaltstack(NULL, &present) == 0 && (present.ss_flags & SS_DISABLE)) {
    stack_t alternative = {.ss_sp = other_stack, .ss_size = sizeof other_stack};
    sigaltstack(&alternative, NULL);
  }
  install(ending_signals, COUNT(ending_signals), handle_ending, SA_RESTART);
  install(crash_signals, COUNT(crash_signals), handle_crash, SA_ONSTACK | SA_NODEFER);
  install(deadly_signals, COUNT(deadly_signals), handle_crash, SA_RESTART);
  install(other_signals, COUNT(other_signals), handle_other, SA_RESTART);
}

void guard_set_screen_taken(bool taken) { atomic_store(&screen_taken, taken); }

void guard_end(void) {
  alarm(0);
  atomic_store(&screen_taken, false);
  for_each_signal(put_action_back);
  show_held_error(guard_write);
  terminal_descriptor = -1;
}

void guard_stop_process(void) {
  struct sigaction standard = {.sa_handler = SIG_DFL}, ours;
  sigaction(SIGTSTP, &standard, &ours);
  raise(SIGTSTP);
  sigaction(SIGTSTP, &ours, NULL);
  // The caller knows that the process went on.
  atomic_fetch_and(&pending, ~TERMINAL_CONTINUED);
}

void terminal_wake(void) { end_wait(TERMINAL_WOKEN); }

static long long now_in_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int terminal_wait(int milliseconds, int *signal_number) {
  long long end = now_in_milliseconds() + milliseconds;
  struct pollfd watched[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = wake_pipe[0], .events = POLLIN}};
  int remaining = milliseconds;
  while (poll(watched, 2, remaining) < 0 && errno == EINTR) {
    if (milliseconds < 0) continue;
    long long left = end - now_in_milliseconds();
    remaining = left > 0 ? (int)left : 0;
  }
  int result = 0;
  if (watched[0].revents & POLLIN) result |= TERMINAL_INPUT;
  if (watched[0].revents & (POLLHUP | POLLERR | POLLNVAL)) result |= TERMINAL_HANG_UP;
  if (watched[1].revents & POLLIN) {
    char bytes[256];
    while (read(wake_pipe[0], bytes, sizeof bytes) > 0) {
    }
  }
  result |= atomic_exchange(&pending, 0);
  *signal_number = result & TERMINAL_TERMINATE ? atomic_load(&ending_signal) : 0;
  return result;
}
