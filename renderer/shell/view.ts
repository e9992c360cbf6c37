import type { KeyView } from '../../preload/contract.ts';

/** Where the person is in the window. */
export type View =
  | { readonly name: 'profiles' }
  /** `editing` is the profile's name; undefined to add one. */
  | { readonly name: 'profileForm'; readonly editing: string | undefined }
  | { readonly name: 'activity' }
  | { readonly name: 'keys' }
  | { readonly name: 'settings' }
  | { readonly name: 'keyForm' }
  | { readonly name: 'keyAdded'; readonly added: KeyView };
