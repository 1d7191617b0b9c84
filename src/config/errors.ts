/** What can go wrong with the settings, the data directory and the key file. */
export type ConfigErrorCode =
  'CONFIG_MISSING' | 'CONFIG_INVALID' | 'CONFIG_UNKNOWN_KEY' | 'CONFIG_EXISTS' | 'CONFIG_UNWRITABLE' |
  'INVITE_FOREIGN' | 'INVITE_DAMAGED' | 'INVITE_VERSION' |
  'KEY_MISSING' | 'KEY_INVALID' | 'KEY_EXPOSED' | 'KEY_EXISTS'
