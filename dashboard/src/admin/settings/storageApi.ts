import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/storage`.

/** Kind and location of the object store. */
export type StorageInfo = Schemas['StorageView'];

/** Result of a storage test. */
export type StorageTest = Schemas['StorageTestView'];

export function fetchStorage(api: Api): Promise<StorageInfo> {
  return api.send('GET', '/storage');
}

export function testStorage(api: Api): Promise<StorageTest> {
  return api.send('POST', '/storage/test');
}
