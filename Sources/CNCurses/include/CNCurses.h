#pragma once

// What Canalis uses of ncursesw, without its macros, variadic functions and globals, which Swift cannot import;
// and the guard that gives the terminal back whatever ends the process.
//
// One terminal at a time: the process's own, standard input and standard output. Every function is for the thread
// that opened it, except `terminal_wake`, which any thread and any signal handler may call.

#include <stdbool.h>
#include <stdint.h>

/// Takes the character set from the environment. A UTF-8 locale that is asked for but not installed, as happens over
/// SSH, becomes C.UTF-8. Only LC_CTYPE is set: numbers keep the decimal point.
/// Returns whether characters are UTF-8.
bool terminal_set_locale(void);

/// What is known about a terminal type.
enum terminal_type_state {
  TERMINAL_TYPE_USABLE = 0,
  TERMINAL_TYPE_UNKNOWN = 1,
  TERMINAL_TYPE_NO_CURSOR = 2,
};

/// Looks a terminal type up. `colors` receives its number of colours, 0 when it has none.
enum terminal_type_state terminal_look_up(const char *type, int *colors);

/// Takes over the terminal: alternate screen, no echo, keys and mouse one by one, signals guarded, standard error held
/// back until the terminal is given back. Returns false, with nothing changed, if the type cannot be used or one is
/// open already.
bool terminal_open(const char *type, bool with_mouse);

/// Gives the terminal back. Does nothing when none is open.
void terminal_close(void);

/// Size in cells, and in pixels where the terminal says so, else 0.
struct terminal_size {
  int columns, rows, pixel_width, pixel_height;
};

/// Asks for the size and makes the screen as large.
struct terminal_size terminal_measure(void);

/// Starts colour. `has_default` receives whether the terminal's own default colours can be used; without them,
/// colour pair 0 is colour 7 on colour 0. Returns the number of colour pairs, 0 when there is no colour.
int terminal_start_color(bool *has_default);

/// Defines a colour pair; -1 stands for the default colour. Returns false if the terminal refuses it.
bool terminal_define_pair(int pair, int foreground, int background);

/// Forgets all colour pairs.
void terminal_forget_pairs(void);

/// Styles of a cell, as bits.
enum terminal_style {
  TERMINAL_BOLD = 1,
  TERMINAL_REVERSE = 2,
  TERMINAL_UNDERLINE = 4,
  TERMINAL_DIM = 8,
};

/// Puts one character, which must be one column wide.
void terminal_put(int column, int row, uint32_t scalar, uint32_t style, int pair);

/// Whether the C library gives a character exactly one column.
bool terminal_is_one_column(uint32_t scalar);

/// Blanks the screen, in memory.
void terminal_erase(void);

/// Sends the changes; all cells when `whole`. The cursor is shown at a cell, or hidden when `column` is negative.
void terminal_refresh(bool whole, int column, int row);

/// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when it goes on.
void terminal_suspend(void);

/// Takes the terminal again after the process was stopped by somebody else.
void terminal_resume(void);

/// What ended a wait, as bits.
enum terminal_wait_result {
  TERMINAL_INPUT = 1,
  TERMINAL_WOKEN = 2,
  TERMINAL_RESIZED = 4,
  TERMINAL_SUSPEND = 8,
  TERMINAL_CONTINUED = 16,
  TERMINAL_HANG_UP = 32,
  TERMINAL_TERMINATE = 64,
};

/// Waits for input, a signal or `terminal_wake`. A negative number of milliseconds waits for ever.
/// `signal_number` receives the signal that asked the process to end.
int terminal_wait(int milliseconds, int *signal_number);

/// Ends a wait, now or the next. For any thread.
void terminal_wake(void);

/// What `terminal_read` found.
enum terminal_input {
  TERMINAL_NOTHING = 0,
  TERMINAL_CHARACTER = 1,
  TERMINAL_KEY = 2,
};

/// Keys that are not characters.
enum terminal_key {
  TERMINAL_KEY_OTHER = 0,
  TERMINAL_KEY_UP,
  TERMINAL_KEY_DOWN,
  TERMINAL_KEY_LEFT,
  TERMINAL_KEY_RIGHT,
  TERMINAL_KEY_HOME,
  TERMINAL_KEY_END,
  TERMINAL_KEY_PAGE_UP,
  TERMINAL_KEY_PAGE_DOWN,
  TERMINAL_KEY_INSERT,
  TERMINAL_KEY_DELETE,
  TERMINAL_KEY_BACKSPACE,
  TERMINAL_KEY_BACK_TAB,
  TERMINAL_KEY_ENTER,
  /// The introducer of an SGR mouse report; its numbers follow as characters.
  TERMINAL_KEY_MOUSE_SGR,
  /// The introducer of an X10 mouse report; three bytes follow.
  TERMINAL_KEY_MOUSE_X10,
  /// Pasted text follows.
  TERMINAL_KEY_PASTE_BEGIN,
  /// Pasted text ends.
  TERMINAL_KEY_PASTE_END,
  /// F1; the others follow.
  TERMINAL_KEY_F1 = 100,
};

/// Reads what has arrived, without waiting, except for the rest of an escape sequence (25 ms).
/// `value` receives the character or the `terminal_key`.
enum terminal_input terminal_read(uint32_t *value);

/// Reads one byte that has arrived; -1 when there is none.
int terminal_read_byte(void);
