#!/usr/bin/env python3
"""Makes Sources/Canvas/BitmapFont+Glyphs.swift: the 8x16 font with which frames become pictures.

Glyphs come from Spleen 8x16 (Debian package fonts-spleen, a Linux console font with a Unicode table); a few symbols
that it lacks are drawn below. Blocks, shades and braille are left out: Canvas draws them by geometry.

    python3 Scripts/make_bitmap_font.py [/usr/share/consolefonts/spleen-8x16.psfu.gz]
"""

import gzip
import pathlib
import struct
import sys

LICENCE = """\
Copyright (c) 2018-2020, Frederic Cambus
All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

 * Redistributions of source code must retain the above copyright
   notice, this list of conditions and the following disclaimer.

 * Redistributions in binary form must reproduce the above copyright
   notice, this list of conditions and the following disclaimer in the
   documentation and/or other materials provided with the distribution.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE
ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS
BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR
CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF
SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS
INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE)
ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
POSSIBILITY OF SUCH DAMAGE."""

# Rows from the top, or from the fifth where there are fewer than 16; '#' is ink.
DRAWN = {
    "←": ["", "", "...#....", "..#.....", ".#######", "..#.....", "...#...."],
    "→": ["", "", "....#...", ".....#..", "#######.", ".....#..", "....#..."],
    "↑": ["...#....", "..###...", ".#.#.#..", "...#....", "...#....", "...#....", "...#...."],
    "↓": ["...#....", "...#....", "...#....", "...#....", ".#.#.#..", "..###...", "...#...."],
    "↔": ["", "", "..#..#..", ".#....#.", "########", ".#....#.", "..#..#.."],
    "↕": ["...#....", "..###...", ".#.#.#..", "...#....", "...#....", ".#.#.#..", "..###...", "...#...."],
    "▲": ["", "...#....", "...#....", "..###...", "..###...", ".#####..", ".#####..", "#######."],
    "▼": ["", "#######.", ".#####..", ".#####..", "..###...", "..###...", "...#....", "...#...."],
    "△": ["", "...#....", "...#....", "..#.#...", "..#.#...", ".#...#..", ".#...#..", "#######."],
    "▽": ["", "#######.", ".#...#..", ".#...#..", "..#.#...", "..#.#...", "...#....", "...#...."],
    "▶": ["#.......", "###.....", "#####...", "#######.", "#####...", "###.....", "#......."],
    "◀": ["......#.", "....###.", "..#####.", "#######.", "..#####.", "....###.", "......#."],
    "◇": ["...#....", "..#.#...", ".#...#..", "#.....#.", ".#...#..", "..#.#...", "...#...."],
    "■": ["", "#######.", "#######.", "#######.", "#######.", "#######.", "#######.", "#######."],
    "□": ["", "#######.", "#.....#.", "#.....#.", "#.....#.", "#.....#.", "#.....#.", "#######."],
    "✓": ["", "......#.", ".....##.", "....##..", "#..##...", "####....", ".##.....", ""],
    "✗": ["#....#..", "##..##..", ".####...", "..##....", ".####...", "##..##..", "#....#.."],
    "≤": ["....##..", "..##....", "##......", "..##....", "....##..", "", "######.."],
    "≥": ["##......", "..##....", "....##..", "..##....", "##......", "", "######.."],
    "≠": [".....#..", "....#...", "#######.", "...#....", "#######.", "..#.....", ".#......"],
    "⌀": [".....#..", "..###...", ".#.#.#..", ".#.#.#..", ".##..#..", "..###...", ".#......"],
    "∅": [".....#..", "..###...", ".#.#.#..", ".#.#.#..", ".##..#..", "..###...", ".#......"],
    "⁻": ["####...."],
    "⁰": [".##.....", "#..#....", "#..#....", "#..#....", ".##....."],
    "⁴": ["#..#....", "#..#....", "####....", "...#....", "...#...."],
    "⁵": ["####....", "#.......", "###.....", "...#....", "###....."],
    "⁶": [".##.....", "#.......", "###.....", "#..#....", ".##....."],
}
FIRST_ROW = {"⁻": 4, "⁰": 2, "⁴": 2, "⁵": 2, "⁶": 2, "✓": 4, "▲": 3, "▼": 3, "△": 3, "▽": 3, "■": 4, "□": 4}


def read_console_font(path):
    data = gzip.open(path).read()
    magic, mode, size = struct.unpack("<HBB", data[:4])
    if magic != 0x0436 or size != 16 or not mode & 2:
        sys.exit(f"{path}: not an 8x16 PSF1 font with a Unicode table")
    count = 512 if mode & 1 else 256
    glyphs = {}
    position = 4 + count * size
    for index in range(count):
        rows = data[4 + index * size : 4 + (index + 1) * size]
        in_sequence = False
        while True:
            (value,) = struct.unpack_from("<H", data, position)
            position += 2
            if value == 0xFFFF:
                break
            if value == 0xFFFE:
                in_sequence = True
            elif not in_sequence:
                glyphs[value] = rows
    return glyphs


def drawn(character, rows):
    first = FIRST_ROW.get(character, 4)
    lines = [""] * first + rows
    lines += [""] * (16 - len(lines))
    return bytes(sum(0x80 >> i for i, dot in enumerate(line) if dot == "#") for line in lines)


def is_geometry(value):
    return 0x2580 <= value <= 0x259F or 0x2800 <= value <= 0x28FF


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/consolefonts/spleen-8x16.psfu.gz"
    glyphs = {value: rows for value, rows in read_console_font(path).items() if not is_geometry(value) and any(rows)}
    glyphs.update({ord(character): drawn(character, rows) for character, rows in DRAWN.items()})
    lines = [f"{value:04x} {rows.hex()}" for value, rows in sorted(glyphs.items())]
    comment = "\n".join("// " + line if line else "//" for line in LICENCE.split("\n"))
    text = f"""\
// Made by Scripts/make_bitmap_font.py from the font Spleen 8x16, whose licence follows; not to be edited.
//
{comment}

extension BitmapFont {{
  /// A glyph a line: its character in hexadecimal, and 16 rows of 8 dots from the top, the left one highest.
  static let glyphText = \"\"\"
"""
    text += "".join(f"    {line}\n" for line in lines)
    text += '    """\n}\n'
    root = pathlib.Path(__file__).resolve().parent.parent
    (root / "Sources/Canvas/BitmapFont+Glyphs.swift").write_text(text)
    (root / "NOTICE").write_text(
        "Canalis contains the following work of others.\n\n"
        "Spleen 8x16, a bitmap font, in Sources/Canvas/BitmapFont+Glyphs.swift\n"
        "(https://github.com/fcambus/spleen), under the BSD 2-Clause licence:\n\n" + LICENCE + "\n"
    )
    print(f"{len(glyphs)} glyphs")


if __name__ == "__main__":
    main()
