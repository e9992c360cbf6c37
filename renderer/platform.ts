/** What differs between operating systems for the person at the keyboard. */

export const isMac = /Mac OS X/.test(navigator.userAgent);
export const isWindows = /Windows/.test(navigator.userAgent);
