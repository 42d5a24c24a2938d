import { useEffect, useState } from 'react';
import { qrOf, qrPath, quietSquares } from './qr';

/** A text as a QR code, dark on light whatever the page's colors are. Its place is kept while it is made; where it cannot be made, the text beside it has to do. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const [squares, setSquares] = useState<boolean[][] | null>(null);

  useEffect(() => {
    let stays = true;
    qrOf(text).then(
      (made) => stays && setSquares(made),
      () => undefined,
    );
    return () => {
      stays = false;
    };
  }, [text]);

  return <div className="qr">{squares !== null && <QrPicture squares={squares} label={label} />}</div>;
}

export function QrPicture({ squares, label }: { squares: readonly (readonly boolean[])[]; label: string }) {
  const size = squares.length + 2 * quietSquares;
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={qrPath(squares)} />
    </svg>
  );
}
