import type { Schemas } from '../../api/schema';
import type { Api } from '../api';

// `/api/v1/storage`.

/** Where media are kept. */
export type StoragePlace = Schemas['StorageView'];

/** What came of trying the store out. */
export type StorageTest = Schemas['StorageTestView'];

export function storagePlace(api: Api): Promise<StoragePlace> {
  return api.ask('GET', '/storage');
}

export function testStorage(api: Api): Promise<StorageTest> {
  return api.ask('POST', '/storage/test');
}
