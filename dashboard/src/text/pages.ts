/** Texts of the dashboard's navigation. */
export const pagesText = {
  label: 'Pages',
  names: { overview: 'Overview', channels: 'Channel', schedule: 'Schedule', recordings: 'Recordings', settings: 'Settings' },
  title: (page: string) => `${page} – Broadcast`,
  skip: 'Skip to content',
  signedInAs: (name: string, role: string) => `Signed in as ${name} (${role})`,
  tokenName: (label: string) => `token ${label}`,
  roles: { viewer: 'viewer', moderator: 'moderator', producer: 'producer', admin: 'admin' } as Record<string, string>,
  loadFailed: 'This page could not be loaded',
  loadFailedHint: 'The server may have been updated. Reload the page.',
  reload: 'Reload',
  notFound: 'Page not found',
  notFoundHint: 'The URL may be mistyped or outdated.',
  toOverview: 'Go to overview',
} as const;
