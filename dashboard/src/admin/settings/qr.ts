/** A QR code as squares, `true` for dark, row by row. What makes it is fetched when one is needed. */
export async function qrOf(text: string): Promise<boolean[][]> {
  const { default: make } = await import('qrcode-generator');
  const code = make(0, 'M');
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  return Array.from({ length: count }, (_, row) => Array.from({ length: count }, (_, column) => code.isDark(row, column)));
}

/** Blank squares that a reader needs around one (ISO/IEC 18004). */
export const quietSquares = 4;

/** The dark squares as one path, in squares from the corner of the blank border; those beside each other in one go. */
export function qrPath(squares: readonly (readonly boolean[])[]): string {
  const runs: string[] = [];
  squares.forEach((line, row) => {
    for (let column = 0; column < line.length; column++) {
      if (!line[column]) continue;
      let end = column;
      while (line[end]) end++;
      runs.push(`M${column + quietSquares} ${row + quietSquares}h${end - column}v1H${column + quietSquares}z`);
      column = end;
    }
  });
  return runs.join('');
}
