/** The modules of a QR code by row, `true` for dark. The library is loaded on demand. */
export async function createQrModules(text: string): Promise<boolean[][]> {
  const { default: createCode } = await import('qrcode-generator');
  const code = createCode(0, 'M');
  code.addData(text);
  code.make();
  const count = code.getModuleCount();
  return Array.from({ length: count }, (_, row) => Array.from({ length: count }, (_, column) => code.isDark(row, column)));
}

/** Width of the quiet zone in modules (ISO/IEC 18004). */
export const quietZone = 4;

/** The dark modules as one path, including the quiet zone. Adjacent modules are merged. */
export function qrPath(modules: readonly (readonly boolean[])[]): string {
  const segments: string[] = [];
  modules.forEach((line, row) => {
    for (let column = 0; column < line.length; column++) {
      if (!line[column]) continue;
      let end = column;
      while (line[end]) end++;
      segments.push(`M${column + quietZone} ${row + quietZone}h${end - column}v1H${column + quietZone}z`);
      column = end;
    }
  });
  return segments.join('');
}
