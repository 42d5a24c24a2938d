/** The dashboard's pages and the way between them. */
export const pagesText = {
  label: 'Pages',
  names: { now: 'Now', channels: 'Channel', schedule: 'Schedule', recordings: 'Recordings', settings: 'Settings' },
  title: (page: string) => `${page} – Broadcast`,
  skip: 'Skip to the content',
  signedInAs: (name: string, role: string) => `Signed in as ${name} (${role})`,
  withToken: (label: string) => `token ${label}`,
  roles: { viewer: 'viewer', moderator: 'moderator', producer: 'producer', admin: 'admin' } as Record<string, string>,
  notLoaded: 'This page could not be loaded',
  notLoadedHint: 'The server may have been updated meanwhile.',
  reload: 'Reload',
  none: 'There is no such page',
  noneHint: 'The address may have been mistyped, or be of an older version.',
  toNow: 'To what is on now',
} as const;
