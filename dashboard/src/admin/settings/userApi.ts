import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/users` and `/api/v1/me`.

export type User = Schemas['UserView'];

export type Login = Schemas['LoginView'];

export const roleNames = ['viewer', 'moderator', 'producer', 'admin'] as const;

export function listUsers(api: Api): Promise<User[]> {
  return api.send('GET', '/users');
}

export function createUser(api: Api, user: { name: string; password: string; role: string; displayName: string }): Promise<User> {
  return api.send('POST', '/users', user);
}

export function changeUser(api: Api, name: string, change: { displayName?: string; role?: string; disabled?: boolean }): Promise<User> {
  return api.send('PATCH', userPath(name), change);
}

export function deleteUser(api: Api, name: string): Promise<void> {
  return api.send('DELETE', userPath(name));
}

export function setUserPassword(api: Api, name: string, password: string): Promise<void> {
  return api.send('PUT', `${userPath(name)}/password`, { password });
}

export function resetUserTotp(api: Api, name: string): Promise<void> {
  return api.send('DELETE', `${userPath(name)}/totp`);
}

export function endUserLogins(api: Api, name: string): Promise<void> {
  return api.send('DELETE', `${userPath(name)}/logins`);
}

export function myLogins(api: Api): Promise<Login[]> {
  return api.send('GET', '/me/logins');
}

export function endMyLogin(api: Api, id: string): Promise<void> {
  return api.send('DELETE', `/me/logins/${encodeURIComponent(id)}`);
}

export function setMyPassword(api: Api, old: string, password: string): Promise<void> {
  return api.send('PUT', '/me/password', { old, password });
}

export function beginTotp(api: Api, password: string): Promise<{ secret: string; uri: string }> {
  return api.send('POST', '/me/totp', { password });
}

export function confirmTotp(api: Api, code: string): Promise<{ recoveryCodes: string[] }> {
  return api.send('POST', '/me/totp/confirm', { code });
}

export function endTotp(api: Api, code: string): Promise<void> {
  return api.send('POST', '/me/totp/end', { code });
}

function userPath(name: string): string {
  return `/users/${encodeURIComponent(name)}`;
}
