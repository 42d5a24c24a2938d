import { useEffect, useState } from 'react';
import { createQrModules, qrPath, quietZone } from './qr';

/** A QR code, dark on light in every theme. Its space is reserved while it loads. If it fails, the text next to it suffices. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const [modules, setModules] = useState<boolean[][] | null>(null);

  useEffect(() => {
    let isMounted = true;
    createQrModules(text).then(
      (created) => isMounted && setModules(created),
      () => undefined,
    );
    return () => {
      isMounted = false;
    };
  }, [text]);

  return <div className="qr">{modules !== null && <QrImage modules={modules} label={label} />}</div>;
}

export function QrImage({ modules, label }: { modules: readonly (readonly boolean[])[]; label: string }) {
  const size = modules.length + 2 * quietZone;
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path fill="#fff" d={`M0 0h${size}v${size}H0z`} />
      <path fill="#000" d={qrPath(modules)} />
    </svg>
  );
}
