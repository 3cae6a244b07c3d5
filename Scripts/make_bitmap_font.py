#!/usr/bin/env python3
"""Makes Sources/Canvas/BitmapFont+Glyphs.swift: the 8x16 font with which frames become pictures.

Glyphs come from Spleen 8x16 (Debian package fonts-spleen); a few symbols that it lacks are drawn below. Blocks, shades and braille are left out: Canvas draws them by geometry.

    python3 Scripts/make_bitmap_font.py [/usr/share/fonts/X11/misc/spleen-8x16.pcf.gz]
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
    "−": [".######."],
    "‐": ["..####.."],
    "–": [".######."],
    "—": ["########"],
    "●": ["..###...", ".#####..", "#######.", "#######.", "#######.", ".#####..", "..###..."],
    "○": ["..###...", ".#...#..", "#.....#.", "#.....#.", "#.....#.", ".#...#..", "..###..."],
    "Δ": ["...#....", "...#....", "..#.#...", "..#.#...", ".#...#..", ".#...#..", "#.....#.", "#######."],
    "⁻": ["####...."],
    "⁰": [".##.....", "#..#....", "#..#....", "#..#....", ".##....."],
    "⁴": ["#..#....", "#..#....", "####....", "...#....", "...#...."],
    "⁵": ["####....", "#.......", "###.....", "...#....", "###....."],
    "⁶": [".##.....", "#.......", "###.....", "#..#....", ".##....."],
}
FIRST_ROW = {"−": 8, "‐": 8, "–": 8, "—": 8, "Δ": 3, "⁻": 4, "⁰": 2, "⁴": 2, "⁵": 2, "⁶": 2, "✓": 4, "▲": 3, "▼": 3, "△": 3, "▽": 3, "■": 4, "□": 4}


def read_pcf(path):
    """Reads a font of the X11 portable compiled format: its tables of bitmaps (8) and encodings (32)."""
    data = gzip.open(path).read()
    if data[:4] != b"\1fcp":
        sys.exit(f"{path}: not a PCF font")
    tables = {}
    for index in range(struct.unpack_from("<I", data, 4)[0]):
        kind, _, _, offset = struct.unpack_from("<4I", data, 8 + 16 * index)
        tables[kind] = offset

    def table(kind):
        (table_format,) = struct.unpack_from("<I", data, tables[kind])
        return table_format, ">" if table_format & 4 else "<", tables[kind] + 4

    table_format, order, at = table(8)
    if not table_format & 8 or table_format & 0x30:
        sys.exit(f"{path}: bitmaps whose highest bit is not the left dot are not read")
    (count,) = struct.unpack_from(order + "I", data, at)
    offsets = struct.unpack_from(f"{order}{count}I", data, at + 4)
    bitmaps = at + 4 + 4 * count + 16
    row_bytes = 1 << (table_format & 3)

    _, order, at = table(32)
    first, last, first_high, last_high, _ = struct.unpack_from(order + "5h", data, at)
    width = last - first + 1
    glyphs = {}
    for index in range(width * (last_high - first_high + 1)):
        (glyph,) = struct.unpack_from(order + "H", data, at + 10 + 2 * index)
        if glyph != 0xFFFF:
            start = bitmaps + offsets[glyph]
            value = (index // width + first_high) << 8 | index % width + first
            glyphs[value] = bytes(data[start + row * row_bytes] for row in range(16))
    return glyphs


def drawn(character, rows):
    first = FIRST_ROW.get(character, 4)
    lines = [""] * first + rows
    lines += [""] * (16 - len(lines))
    return bytes(sum(0x80 >> i for i, dot in enumerate(line) if dot == "#") for line in lines)


def is_geometry(value):
    return 0x2580 <= value <= 0x259F or 0x2800 <= value <= 0x28FF


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/X11/misc/spleen-8x16.pcf.gz"
    glyphs = {value: rows for value, rows in read_pcf(path).items() if not is_geometry(value) and any(rows)}
    glyphs.update({ord(character): drawn(character, rows) for character, rows in DRAWN.items()})
    words = [f"{value:04x} {rows.hex()}" for value, rows in sorted(glyphs.items())]
    lines = ["  ".join(words[start : start + 2]) for start in range(0, len(words), 2)]
    comment = "\n".join("// " + line if line else "//" for line in LICENCE.split("\n"))
    text = f"""\
// Made by Scripts/make_bitmap_font.py from the font Spleen 8x16, whose licence follows; not to be edited.
//
{comment}

extension BitmapFont {{
  /// For each glyph its character in hexadecimal, and 16 rows of 8 dots from the top, the left one highest.
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
