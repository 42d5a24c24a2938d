const svg = 'http://www.w3.org/2000/svg';

/** Icons on a grid of 24. `fill` paths are filled, `line` paths are stroked. */
const icons = {
  play: { fill: 'M8 5.3v13.4c0 .8.9 1.3 1.6.8l10-6.7a1 1 0 0 0 0-1.6l-10-6.7A1 1 0 0 0 8 5.3z' },
  pause: {
    fill:
      'M7 5h3a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zm7 0h3a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1h-3' +
      'a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z',
  },
  volume: {
    fill: 'M4 9.5v5a1 1 0 0 0 1 1h3l4.3 3.6a.7.7 0 0 0 1.2-.5V5.4a.7.7 0 0 0-1.2-.5L8 8.5H5a1 1 0 0 0-1 1z',
    line: 'M16.5 9a4.2 4.2 0 0 1 0 6M18.8 6.5a7.8 7.8 0 0 1 0 11',
  },
  muted: {
    fill: 'M4 9.5v5a1 1 0 0 0 1 1h3l4.3 3.6a.7.7 0 0 0 1.2-.5V5.4a.7.7 0 0 0-1.2-.5L8 8.5H5a1 1 0 0 0-1 1z',
    line: 'M16.8 9.6l4.8 4.8M21.6 9.6l-4.8 4.8',
  },
  settings: {
    line:
      'M12 8.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4zM19 12a7 7 0 0 0-.1-1.2l2-1.5-2-3.4-2.3.9a7 7 0 0 0-2.1-1.2' +
      'L14.2 3.2h-4.4L9.5 5.6a7 7 0 0 0-2.1 1.2l-2.3-.9-2 3.4 2 1.5a7 7 0 0 0 0 2.4l-2 1.5 2 3.4 2.3-.9' +
      'a7 7 0 0 0 2.1 1.2l.3 2.4h4.4l.3-2.4a7 7 0 0 0 2.1-1.2l2.3.9 2-3.4-2-1.5A7 7 0 0 0 19 12z',
  },
  pictureInPicture: {
    line:
      'M20.5 10V6.5A1.5 1.5 0 0 0 19 5H5a1.5 1.5 0 0 0-1.5 1.5v11A1.5 1.5 0 0 0 5 19h5M13.5 13h6a1 1 0 0 1 1 1v4' +
      'a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-4a1 1 0 0 1 1-1z',
  },
  back: { line: 'M14.5 6l-6 6 6 6' },
  forward: { line: 'M9.5 6l6 6-6 6' },
  replay: { line: 'M5 12a7 7 0 1 0 2.3-5.2L5 9M5 4.5V9h4.5' },
  fullscreen: { line: 'M4 9V5a1 1 0 0 1 1-1h4M15 4h4a1 1 0 0 1 1 1v4M20 15v4a1 1 0 0 1-1 1h-4M9 20H5a1 1 0 0 1-1-1v-4' },
  window: { line: 'M9 4v4a1 1 0 0 1-1 1H4M20 9h-4a1 1 0 0 1-1-1V4M15 20v-4a1 1 0 0 1 1-1h4M4 15h4a1 1 0 0 1 1 1v4' },
  outside: { line: 'M10 5H6a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-4M14 4h6v6M20 4l-8.5 8.5' },
  signal: {
    fill: 'M12 14.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z',
    line: 'M7.8 16.2a6 6 0 0 1 0-8.4M16.2 7.8a6 6 0 0 1 0 8.4M5 19a10 10 0 0 1 0-14M19 5a10 10 0 0 1 0 14',
  },
  clock: { line: 'M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z' },
  moon: { line: 'M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z' },
  check: { line: 'M5 12.5l4.5 4.5L19 7.5' },
  warning: { line: 'M12 8.5v5M12 16.8v.2M10.6 4.3L2.9 17.6A1.6 1.6 0 0 0 4.3 20h15.4a1.6 1.6 0 0 0 1.4-2.4L13.4 4.3a1.6 1.6 0 0 0-2.8 0z' },
} satisfies Record<string, { fill?: string; line?: string }>;

export type IconName = keyof typeof icons;

export function icon(name: IconName): SVGSVGElement {
  const created = document.createElementNS(svg, 'svg');
  created.setAttribute('viewBox', '0 0 24 24');
  created.setAttribute('aria-hidden', 'true');
  created.classList.add('icon');
  renderIcon(created, name);
  return created;
}

/** Changes the icon. */
export function setIcon(target: SVGSVGElement, name: IconName): void {
  if (target.dataset.icon !== name) renderIcon(target, name);
}

function renderIcon(target: SVGSVGElement, name: IconName): void {
  const shape: { fill?: string; line?: string } = icons[name];
  target.dataset.icon = name;
  target.replaceChildren(
    ...(['fill', 'line'] as const).flatMap((kind) => {
      const outline = shape[kind];
      if (outline === undefined) return [];
      const path = document.createElementNS(svg, 'path');
      path.setAttribute('d', outline);
      path.classList.add(kind);
      return [path];
    }),
  );
}
